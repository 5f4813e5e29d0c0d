package verify

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

// document is a key document of Entra: that of one tenant, or of all.
type document struct {
	*source
	tenant string        // "": all
	wake   chan struct{} // a fetch is due earlier than the timer says

	// What follows is guarded by the mutex of the keyring.
	state   fetchState
	begun   int       // fetches so far
	due     time.Time // of the next fetch
	held    held
	newest  answer // the newest that worked, nil for none
	lastErr error  // of the newest fetch; nil: it worked
}

// want asks for a fetch for a key that is not there, unless one is under way, or due anyway, which
// the caller waits for first. Only a fetch that begins after the request can bring the key: one
// under way may have been answered before the key was published. It is called with the mutex held.
func (d *document) want(now time.Time) {
	if d.state.phase != waiting || d.state.fetched.IsZero() || clock.Until(now, d.due) <= 0 {
		return
	}
	d.state = d.state.want()
	if due := d.state.next(1); due.Before(d.due) {
		d.due = due
	}
}

// rouse makes the document's goroutine look at the time of the next fetch.
func (d *document) rouse() {
	select {
	case d.wake <- struct{}{}:
	default: // it will look anyway
	}
}
