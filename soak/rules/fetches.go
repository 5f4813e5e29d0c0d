package rules

import "time"

// Bounds on a verifier's fetches of keys.
const (
	// failingHour: fetches that fail follow each other in 0.5 to 1, 1 to 2, … 16 to 32 s, and then
	// 30 to 60 s.
	failingHour = 6 + 3600/30 + 14
	// workingHour: keys are fetched every 54 to 60 minutes, and for an unknown key every five.
	workingHour = 2 + 60/5 + 1
)

// Fetches counts a verifier's fetches of keys in a sliding hour.
type Fetches struct {
	hour      window
	failed    time.Time // when one last failed
	worstHour int
}

// Failed notes that a fetch failed.
func (f *Fetches) Failed(now time.Time) { f.failed = now }

// WorstHour returns the most fetches that there were in an hour.
func (f *Fetches) WorstHour() int { return f.worstHour }

// Fetch notes a fetch and returns the bound that it exceeds.
func (f *Fetches) Fetch(now time.Time) []Finding {
	most := workingHour
	if !f.failed.IsZero() && now.Sub(f.failed) <= causes {
		most = failingHour
	}
	hour := f.hour.add(now, time.Hour)
	f.worstHour = max(f.worstHour, hour)
	if hour <= most {
		return nil
	}
	return []Finding{found(FewFetches, "%d in an hour; the limit is %d", hour, most)}
}
