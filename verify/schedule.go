package verify

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

const (
	// refreshEvery is how often keys are fetched in the background, as Microsoft's guide to key
	// rollover recommends.
	//
	// https://learn.microsoft.com/entra/identity-platform/signing-key-rollover
	refreshEvery = time.Hour
	// searchEvery is how often an unknown key is searched for: often enough for a key that signs
	// before it was fetched, too rarely to help an attacker who sends tokens with made-up keys.
	searchEvery = 5 * time.Minute
	// keepFor is how long keys stay in use without a successful fetch. Published keys live at least
	// as long.
	keepFor = 24 * time.Hour
	// firstBackoff and maxBackoff bound the time between fetches that fail.
	firstBackoff = time.Second
	maxBackoff   = time.Minute
	// recheckAfter is when a key document that lacks a known key is fetched again the first time.
	// After that it is fetched as often as for an unknown key, which makes at least ten answers in
	// an hour.
	recheckAfter = time.Minute
	// maxStuck is how many fetches may be stuck in an HTTP client that ignores its context before
	// new ones are begun only as often as for an unknown key: each costs a goroutine.
	maxStuck = 16
)

// phase is where a document is between two fetches.
//
//	       started           due             answered, failed or given up
//	idle ───────────▶ waiting ───▶ fetching ──────────────────────────────┐
//	                     ▲                                                │
//	                     └────────────────────────────────────────────────┘
type phase uint8

const (
	idle     phase = iota // no caller has needed a key yet
	waiting               // for the time of the next fetch
	fetching              // a fetch is under way
)

// fetchState is what is known of the fetches of one document. Its methods are pure.
type fetchState struct {
	phase    phase
	fetched  time.Time // the last that worked, or that of the key file; zero: none
	saved    bool      // fetched is that of the key file
	tried    time.Time // the end of the last; zero: none
	failures int       // since the last that worked
	lacking  int       // answers in a row that lacked a known key
	wanted   bool      // a caller's key is not there, and the next fetch is for it
	search   bool      // the fetch under way is for such a key
	searched time.Time // the end of the last search that worked; zero: none
	stuck    int       // fetches that were abandoned and have not returned
}

// want returns the state with a request for a missing key. Only a fetch that begins after the
// request can bring it: one under way may have been answered before the key was published.
func (s fetchState) want() fetchState {
	s.wanted = true
	return s
}

// begin returns the state with a fetch under way.
func (s fetchState) begin() fetchState {
	s.phase, s.search, s.wanted = fetching, s.wanted, false
	return s
}

// fail returns the state after a failed fetch. A wanted key is still wanted: only a successful
// fetch uses up the budget.
func (s fetchState) fail(now time.Time) fetchState {
	s.phase, s.tried, s.wanted, s.search = waiting, now, s.wanted || s.search, false
	s.failures++
	return s
}

// succeed returns the state after a fetch that worked. lacking reports whether its answer lacks a
// key that is known.
func (s fetchState) succeed(now time.Time, lacking bool) fetchState {
	if s.search {
		s.searched = now
	}
	s.phase, s.fetched, s.tried, s.saved, s.failures, s.search = waiting, now, now, false, 0, false
	if s.lacking++; !lacking {
		s.lacking = 0
	}
	return s
}

// load returns the state with the keys of the key file, which were fetched then.
func (s fetchState) load(then time.Time) fetchState {
	s.fetched, s.saved = then, true
	return s
}

// usable reports whether the keys may still serve.
func (s fetchState) usable(now time.Time) bool {
	return !s.fetched.IsZero() && clock.Until(now, s.fetched.Add(keepFor)) > 0
}

// next returns when to fetch. random is from [0, 1) and keeps the instances of a service apart.
func (s fetchState) next(random float64) time.Time {
	switch {
	case s.failures > 0 && s.stuck >= maxStuck:
		return s.tried.Add(searchEvery)
	case s.failures > 0:
		backoff := maxBackoff
		if s.failures < 7 { // the seventh would be above it
			backoff = firstBackoff << (s.failures - 1)
		}
		return s.tried.Add(backoff/2 + time.Duration(random*float64(backoff/2)))
	case s.fetched.IsZero() || s.saved:
		return time.Time{} // at once
	}
	due := s.fetched.Add(refreshEvery - time.Duration(random*float64(refreshEvery/10)))
	switch {
	case s.lacking == 1:
		due = s.fetched.Add(recheckAfter)
	case s.lacking > 1:
		due = s.fetched.Add(searchEvery)
	}
	if search := s.searched.Add(searchEvery); s.wanted && search.Before(due) {
		due = search
	}
	return due
}
