package rules

import (
	"math"
	"time"
)

// Bounds on the requests of one client for one token, derived from the schedule in docs/design.md.
const (
	// twoSeconds: a flight tries again after two seconds, and its failure answers for two; beside
	// it there may be one background refresh, and one flight each for a rejection and for a claims
	// challenge.
	twoSeconds = 4
	// inHandHour: with a token in hand the first failure is followed by a try within 15 to 30 s,
	// and all later ones are at least a minute apart.
	inHandHour = 60 + 2
	// rejectedHour: a rejection is acted on every five minutes at most, and a challenge once more.
	rejectedHour = 2 * (60/5 + 1)
	// retriedHour: callers without a token share a flight of five tries, at 0, 2, 10, 42 and 72 s,
	// and its failure answers for two more.
	retriedHour = 5 * (3600/74 + 1)
	// toldHour: a failure that is reported at once answers for two seconds.
	toldHour = 3600 / 2
)

// causes is how far back the cause of a request of the last hour may lie.
const causes = time.Hour + 2*time.Minute

// MostCalm returns the bound on the requests in one lifetime without a fault. Each comes after at
// least a third of what is left of the token. A platform that mints anew after an hour, for which
// keep is 0, always returns nearly a whole one; a platform that returns one token until keep is
// left of it makes each wait two thirds of the wait before. There is never more than one request a
// minute.
func MostCalm(lifetime, keep time.Duration) int {
	most := 4 // the platform's token is up to an hour old: 24 h are three times 23/3 h, and a bit
	if keep > 0 {
		most = 3 + int(math.Log(float64(lifetime)/float64(keep))/math.Log(1.5))
	}
	return min(most, int(lifetime/time.Minute)+1)
}

// Requests counts the requests of a client for one token in sliding windows.
type Requests struct {
	burst, hour, life window
	rejections, told  window
	worstHour         int
}

// Situation is what explains requests to the endpoint.
type Situation struct {
	Dark     time.Time // when a caller last had no token in hand; zero: never
	Calm     time.Time // since when there has been no fault
	Lifetime time.Duration
	MostCalm int // the bound on the requests in a quiet lifetime
}

// Rejected notes that a service rejected the token.
func (r *Requests) Rejected(now time.Time) { r.rejections.add(now, causes) }

// Told notes a failure that the client reports at once.
func (r *Requests) Told(now time.Time) { r.told.add(now, causes) }

// WorstHour returns the most requests that there were in an hour.
func (r *Requests) WorstHour() int { return r.worstHour }

// Request notes a request and returns the bounds that it exceeds.
func (r *Requests) Request(now time.Time, s Situation) (all []Finding) {
	burst, hour, life := r.burst.add(now, 2*time.Second), r.hour.add(now, time.Hour), r.life.add(now, s.Lifetime)
	if burst > twoSeconds {
		all = append(all, found(FewRequests, "%d in two seconds; the limit is %d", burst, twoSeconds))
	}
	most := inHandHour
	if r.rejections.count(now, causes) > 0 {
		most += rejectedHour
	}
	if !s.Dark.IsZero() && now.Sub(s.Dark) <= causes {
		most += retriedHour
		if r.told.count(now, causes) > 0 {
			most += toldHour
		}
	}
	r.worstHour = max(r.worstHour, hour)
	if hour > most {
		all = append(all, found(FewRequests, "%d in an hour; the limit is %d", hour, most))
	}
	if now.Sub(s.Calm) >= 2*s.Lifetime && life > s.MostCalm {
		all = append(all, found(FewRequests, "%d in a quiet lifetime; the limit is %d", life, s.MostCalm))
	}
	return all
}

// Slots judges the number of requests of a client that are in flight.
func Slots(inFlight int) []Finding {
	if inFlight <= slots {
		return nil
	}
	return []Finding{found(FewSlots, "%d", inFlight)}
}
