package aztoken

import (
	"context"
	"time"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// Invalidate tells the client that a service refused exactly this token for resource, which a 401 says. The client looks for
// another, and callers wait for it some seconds. If there is none (platforms with a cache of their own give the same
// one again for hours) or the endpoint is down, the old token is served on: it may be good for the next service.
//
// A token that is not in use any more is ignored, and so is a rejection within minutes of one that was acted on: a
// service that refuses every token must not become a load on the endpoint.
func (c *Client) Invalidate(resource, token string) {
	resource = trimScope(resource)
	for _, e := range c.cache.snapshot() {
		if h := e.current.Load(); e.resource == resource && h != nil && h.token.Value() == token {
			c.reject(e, h, "")
		}
	}
}

// replace gives another token for r in place of refused, nil if there is none.
func (c *Client) replace(ctx context.Context, r request, refused *held) *held {
	if e := c.cache.lookup(r); e != nil {
		c.reject(e, refused, r.claims)
	}
	r.claims = "" // they go with the flight that reject began, which this caller now waits for
	next, err := c.token(ctx, r)
	if err != nil || next.token.secret == refused.token.secret {
		return nil
	}
	return next
}

// reject takes h out of service, if it is in service, and begins the flight for its replacement. The flight is begun here
// and not by the next caller, so that the old token is back in time whoever comes.
func (c *Client) reject(e *entry, h *held, claims string) {
	now := time.Now()
	if !e.suspend(h, now) {
		return
	}
	c.emit(Event{Kind: EventRejected, Time: now, Resource: e.resource, ExpiresOn: h.token.ExpiresOn, RefreshOn: h.token.RefreshOn})
	c.beginFlight(e, claims)
}

func (c *Client) beginFlight(e *entry, claims string) {
	r, key := e.request, e.key()
	r.claims = claims
	c.flights.DoChan(key, func() (any, error) { return c.fly(r, key) })
}

// suspend takes h out of service, false if it is not in service or a rejection was acted on too short a time ago.
func (e *entry) suspend(h *held, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	since := now.Sub(e.rejectedOn)
	if current := e.current.Load(); current == nil || current.token.secret != h.token.secret {
		return false
	}
	if !e.rejectedOn.IsZero() && since < e.holdoff {
		return false
	}
	e.holdoff = schedule.Holdoff(e.holdoff, since)
	e.rejectedOn, e.rejected = now, e.current.Swap(nil)
	return true
}

// replacing says that e's token was rejected and the next is under way.
func (e *entry) replacing() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rejected != nil
}

// reinstate puts a rejected token back into service after no other was to be had; nil if there is none, or it has ended.
func (e *entry) reinstate(now clock) *held {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.rejected
	e.rejected = nil
	if h == nil {
		return nil
	}
	e.current.CompareAndSwap(nil, h)
	if !h.servable(now) {
		return nil
	}
	return h
}
