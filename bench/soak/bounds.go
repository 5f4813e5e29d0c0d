package main

import (
	"fmt"
	"math"
	"time"
)

// Bounds on requests for one token of one client, derived from the schedule that docs/design.md describes.
const (
	// twoSeconds: a flight tries again after two seconds, and its failure answers for two; beside it there may be one
	// background refresh, and one flight each for a refusal and for a challenge.
	twoSeconds = 4
	// inHandHour: while a token is in hand the first failure is followed by a try within 15 to 30 s, and all later
	// ones are at least a minute apart.
	inHandHour = 60 + 2
	// refusedHour: a refusal is acted on every five minutes at most, and a challenge once more.
	refusedHour = 2 * (60/5 + 1)
	// retriedHour: callers without a token share a flight of five tries, at 0, 2, 10, 42 and 72 s, and its failure answers
	// for two more.
	retriedHour = 5 * (3600/74 + 1)
	// toldHour: a failure that is told at once answers for two seconds.
	toldHour = 3600 / 2
	// failingHour: fetches of keys that fail follow each other in 0.5 to 1, 1 to 2, … 16 to 32 s, and then 30 to 60 s.
	failingHour = 6 + 3600/30 + 14
	// workingHour: keys are fetched every 54 to 60 minutes, and for a key that is not known every five.
	workingHour = 2 + 60/5 + 1
)

// causes is how far back lies what requests of the last hour may come from.
const causes = time.Hour + 2*time.Minute

// calmLife bounds the requests in one lifetime without a fault. Each comes after at least a third of what is left of the
// token: of all of it where the platform mints anew after an hour, of two thirds of the rest each time where it gives one
// token until keep is left of it. Never more than one a minute.
func calmLife(lifetime, keep time.Duration) int {
	most := 4 // the platform's own token is up to an hour old: 24 h hold three times 23/3 h, and a bit
	if keep > 0 {
		most = 3 + int(math.Log(float64(lifetime)/float64(keep))/math.Log(1.5))
	}
	return min(most, int(lifetime/time.Minute)+1)
}

// traffic counts requests in windows that slide.
type traffic struct {
	burst          window
	hour, life     window
	refusals, told window
	worstHour      int
}

// window holds the times of the last stretch.
type window struct{ times []time.Time }

// add notes a moment and gives how many there were in the stretch that ends with it.
func (w *window) add(now time.Time, stretch time.Duration) int {
	w.times = append(w.times, now)
	return w.count(now, stretch)
}

func (w *window) count(now time.Time, stretch time.Duration) int {
	for len(w.times) > 0 && now.Sub(w.times[0]) >= stretch {
		w.times = w.times[1:]
	}
	return len(w.times)
}

// request notes one and says whether that is too many. dark is when a caller last had no token in hand, calm since when
// there was no fault.
func (t *traffic) request(now, dark, calm time.Time, lifetime time.Duration, mostCalm int) (all []finding) {
	burst, hour, life := t.burst.add(now, 2*time.Second), t.hour.add(now, time.Hour), t.life.add(now, lifetime)
	if burst > twoSeconds {
		all = append(all, finding{fewRequests, fmt.Sprintf("%d in two seconds, and at most %d", burst, twoSeconds)})
	}
	most := inHandHour
	if t.refusals.count(now, causes) > 0 {
		most += refusedHour
	}
	if !dark.IsZero() && now.Sub(dark) <= causes {
		most += retriedHour
		if t.told.count(now, causes) > 0 {
			most += toldHour
		}
	}
	t.worstHour = max(t.worstHour, hour)
	if hour > most {
		all = append(all, finding{fewRequests, fmt.Sprintf("%d in an hour, and at most %d", hour, most)})
	}
	if now.Sub(calm) >= 2*lifetime && life > mostCalm {
		all = append(all, finding{fewRequests, fmt.Sprintf("%d in a quiet lifetime, and at most %d", life, mostCalm)})
	}
	return all
}

// fetch notes a fetch of keys and says whether that is too many. failed is when one last failed.
func (t *traffic) fetch(now, failed time.Time) (all []finding) {
	most := workingHour
	if !failed.IsZero() && now.Sub(failed) <= causes {
		most = failingHour
	}
	hour := t.hour.add(now, time.Hour)
	t.worstHour = max(t.worstHour, hour)
	if hour > most {
		all = append(all, finding{fewFetches, fmt.Sprintf("%d in an hour, and at most %d", hour, most)})
	}
	return all
}
