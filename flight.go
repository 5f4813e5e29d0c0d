package aztoken

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

const (
	// flightLimit bounds the wait of callers without a token: IMDS is back from an upgrade within 70 s.
	flightLimit = 75 * time.Second
	// absentLimit bounds it where nothing has ever listened: long enough for an agent that starts with the program,
	// short enough for a developer who has no managed identity.
	absentLimit = 10 * time.Second
)

// wait is the way of a caller for whom the cache has no token: one flight for all callers of a key, on the client's own
// context, and each caller's wait on its own.
func (c *Client) wait(ctx context.Context, r request, e *entry) (*held, error) {
	if c.closed() {
		return nil, ErrClosed
	}
	if err := r.check(); err != nil {
		return nil, &Error{Resource: r.resource, cause: hide(err)}
	}
	if err := ctx.Err(); err != nil {
		return nil, gaveUp(c.host.name, r.resource, err, nil)
	}
	if e != nil {
		e.used.Store(true)
	}
	key := r.key()
	if err := c.failures.recent(key); err != nil {
		return nil, err
	}
	flight := c.flight(r, key)
	if e != nil && e.replacing() {
		// Invalidate took a token out of service that lives on. It is back soon, and before any caller's deadline.
		timer := time.NewTimer(suspension)
		defer timer.Stop()
		select {
		case done := <-flight:
			return landed(done)
		case <-timer.C:
		case <-ctx.Done():
		}
		e.reinstate()
		if h := e.read(c.now()); h != nil {
			return h, nil
		}
	}
	select {
	case done := <-flight:
		return landed(done)
	case <-c.ctx.Done():
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, gaveUp(c.host.name, r.resource, ctx.Err(), c.failures.last(key))
	}
}

// flight begins the flight of key, or joins it.
func (c *Client) flight(r request, key string) <-chan singleflight.Result {
	return c.flights.DoChan(key, func() (any, error) { return c.fly(r, key) })
}

func landed(done singleflight.Result) (*held, error) {
	if done.Err != nil {
		return nil, done.Err
	}
	return done.Val.(*held), nil
}

// fly gets a token for callers who have none, or one in place of a refused one, trying again as long as that is of use. No
// caller's context ends it: a caller that gives up must not take the token from the others, and the next finds it begun.
func (c *Client) fly(r request, key string) (*held, error) {
	if !c.enter() {
		return nil, ErrClosed
	}
	defer c.leave()
	// Between the caller's look and this one another flight may have ended.
	if e := c.cache.lookup(r); e != nil && !e.replacing() && r.demand == nil {
		if h := e.read(c.now()); h != nil {
			return h, nil
		}
	}
	if err := c.failures.recent(key); err != nil {
		return nil, err
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(c.ctx, flightLimit)
	defer cancel()
	for try := 1; ; try++ {
		h, err := c.attempt(ctx, r, false)
		if err == nil {
			return h, nil
		}
		if c.closed() {
			return nil, ErrClosed
		}
		// A token that was refused is better than none, and a background refresh may have brought another.
		if e := c.cache.lookup(r); e != nil {
			if h := e.settle(c.now()); h != nil {
				c.failures.forget(key)
				return h, nil
			}
		}
		limit := flightLimit
		if errors.Is(err, ErrNoManagedIdentity) {
			limit = absentLimit
		}
		wait, again := schedule.Foreground(try, time.Since(start), limit, err.retryAfter)
		if !err.retry || !again || err.maxRetries > 0 && try > err.maxRetries {
			c.failures.remember(key, err)
			return nil, err
		}
		c.failures.note(key, err)
		select {
		case <-time.After(wait):
		case <-c.ctx.Done():
			return nil, ErrClosed
		}
	}
}
