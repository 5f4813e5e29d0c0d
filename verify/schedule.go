package verify

import "time"

const (
	// refreshEvery is how often keys are fetched in the background; Microsoft's guide to key rollover has an hour.
	//
	// https://learn.microsoft.com/entra/identity-platform/signing-key-rollover
	refreshEvery = time.Hour
	// searchEvery is how often a key that is not known is looked for: often enough for a key that signs before it was
	// fetched, too seldom to be of use to whoever sends tokens with made-up keys.
	searchEvery = 5 * time.Minute
	// keepFor is how long keys serve without a fetch that works. They live for at least as long once they are published.
	keepFor = 24 * time.Hour
	// firstBackoff and maxBackoff bound the time between fetches that fail.
	firstBackoff = time.Second
	maxBackoff   = time.Minute
)

// progress is what is known of the fetches so far.
type progress struct {
	fetched  time.Time // the last that worked; zero: none
	tried    time.Time // the last; zero: none
	failures int       // since the last that worked
	wanted   bool      // somebody looks for a key that is not there
	searched time.Time // the last that worked and was for such a key; zero: none
}

// after is the progress with one more fetch.
func (p progress) after(err error, now time.Time) progress {
	if err != nil {
		p.tried = now
		p.failures++
		return p
	}
	next := progress{fetched: now, searched: p.searched}
	if p.wanted {
		next.searched = now // only such a fetch uses up the budget: a key may well be published right after an hourly one
	}
	return next
}

// next is when to fetch. random is from [0, 1) and keeps the instances of a service apart.
func (p progress) next(random float64) time.Time {
	switch {
	case p.failures > 0:
		backoff := maxBackoff
		if p.failures < 7 { // the seventh would be above it
			backoff = firstBackoff << (p.failures - 1)
		}
		return p.tried.Add(backoff/2 + time.Duration(random*float64(backoff/2)))
	case p.fetched.IsZero():
		return time.Time{} // at once
	case p.wanted:
		return p.searched.Add(searchEvery)
	}
	return p.fetched.Add(refreshEvery - time.Duration(random*float64(refreshEvery/10)))
}

// until is the time from now to due, read on both clocks: the shorter counts. Timers stand still while a machine sleeps, and
// the wall clock may be set back: neither may put off a fetch.
func until(now, due time.Time) time.Duration {
	return min(due.Sub(now), due.Round(0).Sub(now.Round(0)))
}

// usable says whether keys that were fetched then may still serve.
func usable(fetched, now time.Time) bool { return now.Before(fetched.Add(keepFor)) }
