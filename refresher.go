package aztoken

import (
	"math/rand/v2"
	"time"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// plan sets the timer of e's next refresh. e.mu is held.
func (c *Client) plan(e *entry, now, due time.Time) {
	e.due = due
	if e.dropped || c.closed() {
		return
	}
	wait := sleep(now, due)
	if e.timer == nil {
		e.timer = time.AfterFunc(wait, func() { c.wake(e) })
		return
	}
	e.timer.Reset(wait)
}

// stop ends the refresh of e for good.
func (e *entry) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropped = true
	if e.timer != nil {
		e.timer.Stop()
	}
}

// wake is what e's timer runs: nothing but a timer belongs to an entry between two refreshes. It refreshes if that is
// due, lets go of a token that nobody reads, or sleeps on.
func (c *Client) wake(e *entry) {
	if !c.enter() {
		return
	}
	defer c.leave()
	now := time.Now()
	e.mu.Lock()
	if e.dropped || e.refreshing {
		e.mu.Unlock()
		return
	}
	if e.used.Swap(false) || c.rotations.wanted(e.request) {
		e.lastUse = now
	}
	h := e.current.Load()
	if h == nil { // Invalidate was a moment ago; should its flight have ended just before, this one puts the token back
		c.plan(e, now, now.Add(schedule.MinInterval))
		e.mu.Unlock()
		c.flight(e.request, e.key())
		return
	}
	if idle(now, e.lastUse, h.life) {
		e.dropped = true
		e.mu.Unlock()
		c.cache.remove(e)
		c.emit(Event{Kind: EventDropped, Time: now, Resource: e.resource, Background: true})
		return
	}
	if sleep(now, e.due) > 0 {
		c.plan(e, now, e.due)
		e.mu.Unlock()
		return
	}
	e.refreshing = true
	e.mu.Unlock()

	_, err := c.attempt(c.ctx, e.request, true)

	now = time.Now()
	e.mu.Lock()
	e.refreshing = false
	if err == nil || c.closed() || e.current.Load() != h {
		// The refresh, or a flight beside it, stored a token and planned the next. The timer is set once more, as it
		// may have run down while an observer of this refresh took its time.
		c.plan(e, now, e.due)
		e.mu.Unlock()
		return
	}
	e.failures++
	e.lastErr, e.lastErrOn = err, now
	due := now.Add(schedule.Background(e.failures, h.expires.Sub(now), err.retryAfter, rand.Float64()))
	c.plan(e, now, due)
	e.mu.Unlock()
	c.emit(Event{Kind: EventFailed, Time: now, Resource: e.resource, Background: true, ExpiresOn: h.token.ExpiresOn, RefreshOn: utc(due), Err: err})
}
