package verify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

var errGivenUp = fmt.Errorf("no answer within %v: %w", fetchTimeout, context.DeadlineExceeded)

// run fetches the document whenever it is due.
func (r *keyring) run(d *document) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.life.Done():
			return
		case <-d.wake:
		case <-timer.C:
		}
		r.mu.Lock()
		wait := clock.Until(time.Now(), d.due)
		if wait <= 0 {
			d.state = d.state.begin()
			d.begun++
		}
		r.mu.Unlock()
		if wait <= 0 {
			r.refresh(d)
			r.mu.Lock()
			wait = clock.Until(time.Now(), d.due)
			r.mu.Unlock()
		}
		timer.Reset(min(wait, refreshEvery)) // the wall clock may be set
	}
}

// refresh fetches the document once and takes in the result.
func (r *keyring) refresh(d *document) {
	keys, err := r.fetch(d)
	if r.life.Err() != nil {
		return
	}
	now := time.Now()
	r.mu.Lock()
	event := Event{Kind: EventKeysFetched, Time: now.Round(0), Keys: keys.usable()}
	if err != nil {
		event = Event{Kind: EventKeysFailed, Time: now.Round(0), Err: err}
		d.state = d.state.fail(now)
		if !d.state.usable(now) {
			r.load()
		}
	} else {
		d.held, d.newest = d.held.after(keys, now), keys
		d.state = d.state.succeed(now, d.held.lacking())
		r.save(now)
	}
	d.lastErr, d.due = err, d.state.next(rand.Float64())
	r.publish(now)
	r.mu.Unlock()
	r.report(event)
}

// fetch gets the keys from Entra. It returns after fetchTimeout even if the user's HTTP client does
// not, and a panic in that is an error: it would end the program.
func (r *keyring) fetch(d *document) (answer, error) {
	type result struct {
		keys answer
		err  error
	}
	results := make(chan result, 1)
	r.mu.Lock()
	if r.closed.Load() {
		r.mu.Unlock()
		return nil, ErrClosed
	}
	r.calls.Add(1)
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(r.life, fetchTimeout)
	defer cancel()
	givenUp := false // guarded by the mutex
	go func() {
		defer r.calls.Done()
		var got result
		if err := guard.Run(func() { got.keys, got.err = d.fetch(ctx) }); err != nil {
			got = result{err: fmt.Errorf("the HTTP client failed: %w", err)}
		}
		results <- got
		r.mu.Lock()
		defer r.mu.Unlock()
		if givenUp {
			d.state.stuck--
		}
	}()
	limit := time.NewTimer(fetchTimeout)
	defer limit.Stop()
	select {
	case got := <-results:
		return got.keys, fromPeer(got.err)
	case <-r.life.Done():
		return nil, ErrClosed
	case <-limit.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case got := <-results: // at the last moment
		return got.keys, fromPeer(got.err)
	default:
	}
	givenUp = true
	d.state.stuck++
	return nil, errGivenUp
}
