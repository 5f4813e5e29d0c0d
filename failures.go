package aztoken

import (
	"maps"
	"sync"
	"time"
)

const (
	// rememberFor is how long a failed flight answers for the next: ten thousand callers in a loop then cost a
	// request every few seconds, and an endpoint that is well again is noticed as soon.
	rememberFor = 2 * time.Second
	// rememberLimit bounds what a Retry-After can make of it.
	rememberLimit = time.Minute
)

// failures holds, for each key, why its last flight failed, for some seconds, and what a flight under way has met so far.
// Nothing stays: while there is anything a timer sweeps.
type failures struct {
	mu     sync.Mutex
	byKey  map[string]failure
	sweeps *time.Timer // set while byKey is not empty
	closed bool
}

type failure struct {
	err   *Error
	until time.Time // when the outcome of a flight is forgotten; zero while the flight is under way
}

// recent is the outcome of a flight that failed a moment ago, nil if there is none.
func (f *failures) recent(key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if got := f.byKey[key]; time.Now().Before(got.until) {
		return got.err
	}
	return nil
}

// last is what the flight under way has met so far, nil for nothing.
func (f *failures) last(key string) *Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byKey[key].err
}

func (f *failures) note(key string, err *Error) { f.set(key, failure{err: err}) }

func (f *failures) remember(key string, err *Error) {
	keep := max(rememberFor, min(err.retryAfter, rememberLimit))
	f.set(key, failure{err: err, until: time.Now().Add(keep)})
}

func (f *failures) set(key string, next failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	if f.byKey == nil {
		f.byKey = make(map[string]failure)
		f.sweeps = time.AfterFunc(rememberFor, f.sweep)
	}
	f.byKey[key] = next
}

func (f *failures) forget(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byKey, key)
}

func (f *failures) sweep() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(f.byKey, func(_ string, got failure) bool {
		return !got.until.IsZero() && !now.Before(got.until)
	})
	switch {
	case f.closed:
	case len(f.byKey) == 0:
		f.byKey = nil // an empty map would keep the room of its largest size
	default:
		f.sweeps.Reset(rememberFor)
	}
}

func (f *failures) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.byKey = true, nil
	if f.sweeps != nil {
		f.sweeps.Stop()
	}
}
