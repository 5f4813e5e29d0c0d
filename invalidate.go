package aztoken

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/schedule"
)

const (
	// suspension is how long callers wait for another token after Invalidate. The search goes on without them: when
	// the endpoint is down, a refused token must not cost them more.
	suspension = 2 * time.Second
	// replaceLimit is how long the sender of a refused request waits for another token, with nothing to lose but the 401.
	replaceLimit = 10 * time.Second
)

var errNoOther = errors.New("there is no other token than the one that was refused; the platform gives the same one again for up to 24 h, or the endpoint is down")

// Invalidate tells the client that a service refused exactly this token for resource, which a 401 says. The client looks for
// another, and callers wait for it two seconds at most. If there is none (platforms with a cache of their own give the same
// one again for hours) or the endpoint is down, the old token is served on: it may be good for the next service.
//
// A token that is not in use any more is ignored, and so is a refusal within minutes of one that was acted on: a
// service that refuses every token must not become a load on the endpoint.
func (c *Client) Invalidate(resource, token string) {
	resource = hosts.TrimScope(resource)
	for _, e := range c.cache.snapshot() {
		if h := e.current.Load(); e.resource == resource && h != nil && h.token.Value() == token && c.refuse(e, h, false) {
			e.suspend(h)
			// The flight is begun here and not by the next caller, so that the old token is back in time whoever comes.
			c.flight(e.request, e.key())
		}
	}
}

// replace gives another token for r in place of refused, nil if there is none. Other callers go on with the old one: most
// services may still like it, and those that do not send their callers here.
func (c *Client) replace(ctx context.Context, r request, refused *held) *held {
	if e := c.cache.lookup(r); e != nil {
		if h := e.read(c.now()); h != nil && h.token.secret != refused.token.secret {
			return h
		}
	}
	flight := c.beginReplacement(r, refused)
	if flight == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, replaceLimit)
	defer cancel()
	select {
	case done := <-flight:
		if h, ok := done.Val.(*held); ok && done.Err == nil && h.token.secret != refused.token.secret {
			return h
		}
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
	return nil
}

// beginReplacement begins or joins the flight for a token in place of refused, nil if there is to be none.
func (c *Client) beginReplacement(r request, refused *held) <-chan singleflight.Result {
	e := c.cache.lookup(r)
	if e == nil || !c.refuse(e, refused, r.demand != nil) {
		return nil
	}
	if r.demand == nil {
		return c.flight(r, e.key())
	}
	sum := sha256.Sum256([]byte(refused.token.Value()))
	r.demand = &demand{r.demand.claims, hex.EncodeToString(sum[:])}
	return c.flight(r, e.key()+"\x00claims") // a flight that is under way already asks for less
}

// challenged gets a token that meets the claims of a challenge. It goes past the cache once; while challenges follow each
// other it is held off as refusals are, and a token that came since the first of them has to do.
func (c *Client) challenged(ctx context.Context, r request) (*held, error) {
	e := c.cache.lookup(r)
	if e == nil {
		return c.wait(ctx, r, nil)
	}
	h := e.read(c.now())
	if h == nil {
		h = e.suspended(c.now()) // by Invalidate: it is the token that the challenge is about
	}
	if h == nil {
		return c.wait(ctx, r, e)
	}
	if next := c.replace(ctx, r, h); next != nil {
		return next, nil
	}
	if e.isNewerThanRefusal(h) {
		return h, nil
	}
	if c.closed() {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, gaveUp(c.host.name, r.resource, err, nil)
	}
	return nil, &Error{Resource: r.resource, Host: c.host.name, cause: hide(errNoOther)}
}

// refuse notes that h was refused and says whether a flight for another token is to be begun or joined.
func (c *Client) refuse(e *entry, h *held, demand bool) bool {
	now := time.Now()
	begin, join := e.refuse(h, now, demand)
	if begin {
		c.emit(Event{Kind: EventRejected, Time: now, Resource: e.resource, ExpiresOn: h.token.ExpiresOn, RefreshOn: h.token.RefreshOn})
	}
	return begin || join
}

func (e *entry) refuse(h *held, now time.Time, demand bool) (begin, join bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	since := now.Sub(e.refusedOn)
	switch {
	case e.refused != nil:
		join = e.refused.token.secret == h.token.secret
		e.demanded = e.demanded || join && demand
		return false, join
	case e.current.Load() == nil || e.current.Load().token.secret != h.token.secret:
		return false, false
	case !e.refusedOn.IsZero() && since < e.holdoff && (e.demanded || !demand):
		return false, false // but a challenge may get what a refusal without claims could not
	}
	e.demanded = demand
	e.holdoff = schedule.Holdoff(e.holdoff, since)
	e.refusedOn, e.refused = now, e.current.Load()
	return true, false
}

// suspend takes h out of service for the moments in which another may come.
func (e *entry) suspend(h *held) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refused != nil && e.refused.token.secret == h.token.secret {
		e.current.CompareAndSwap(e.refused, nil)
	}
}

// suspended is the token that suspend took out of service, nil if there is none.
func (e *entry) suspended(now clock) *held {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refused == nil || !e.refused.servable(now) {
		return nil
	}
	return e.refused
}

// reinstate puts a suspended token back into service.
func (e *entry) reinstate() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reinstateLocked()
}

func (e *entry) reinstateLocked() {
	if e.current.Load() == nil {
		e.current.Store(e.refused)
	}
}

// settle ends the search for another token and gives the one that is in service now, nil for none.
func (e *entry) settle(now clock) *held {
	e.mu.Lock()
	e.reinstateLocked()
	e.refused = nil
	e.mu.Unlock()
	return e.servable(now)
}

// replacing says that a flight looks for another token in place of the one in service.
func (e *entry) replacing() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused != nil
}

func (e *entry) isNewerThanRefusal(h *held) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.refusedOn.IsZero() && h.acquired.After(e.refusedOn)
}
