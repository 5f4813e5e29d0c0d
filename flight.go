package aztoken

import (
	"context"
	"errors"
	"time"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

const (
	// flightLimit bounds the wait of callers without a token: IMDS is back from an upgrade within 70 s.
	flightLimit = 75 * time.Second
	// absentLimit bounds it where nothing has ever listened: long enough for an agent that starts with the program,
	// short enough for a developer who has no managed identity.
	absentLimit = 10 * time.Second
	// replaceLimit bounds the wait for the replacement of a rejected token, which is there to fall back on.
	replaceLimit = 10 * time.Second
)

var (
	errNoResource  = errors.New("the resource is empty; give the App ID URI of the service to call")
	errBadResource = errors.New("the resource has spaces or characters outside ASCII; give the App ID URI of the service to call")
)

// wait is the way of a caller for whom the cache has no token: one flight for all callers of a key, on the client's own
// context, and each caller's wait on its own.
func (c *Client) wait(ctx context.Context, r request, e *entry) (*held, error) {
	if err := checkResource(r.resource); err != nil {
		return nil, &Error{Resource: r.resource, cause: err}
	}
	if c.ctx == nil || c.ctx.Err() != nil {
		return nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, gaveUp(c.host.name, r.resource, err, nil)
	}
	if e != nil {
		e.used.Store(true)
	}
	key := r.key()
	if r.claims != "" {
		key += "\x00claims\x00" + r.claims
	} else if err := c.failures.recent(key); err != nil {
		return nil, err
	}
	flight := c.flights.DoChan(key, func() (any, error) { return c.fly(r, key) })
	select {
	case done := <-flight:
		if done.Err != nil {
			return nil, done.Err
		}
		return done.Val.(*held), nil
	case <-c.ctx.Done():
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, gaveUp(c.host.name, r.resource, ctx.Err(), c.failures.last(key))
	}
}

func checkResource(resource string) error {
	if resource == "" {
		return errNoResource
	}
	for i := range len(resource) {
		if b := resource[i]; b <= ' ' || b > '~' {
			return errBadResource
		}
	}
	return nil
}

// fly gets a token for callers who have none, trying again as long as that is of use. No caller's context ends it: a caller
// that gives up must not take the token from the others, and the next caller finds it begun.
func (c *Client) fly(r request, key string) (*held, error) {
	if !c.enter() {
		return nil, ErrClosed
	}
	defer c.leave()
	e := c.cache.lookup(r)
	if r.claims == "" {
		// Between the caller's look and this one another flight may have ended.
		if e != nil {
			if h := e.read(c.now()); h != nil {
				return h, nil
			}
		}
		if err := c.failures.recent(key); err != nil {
			return nil, err
		}
	}
	start, limit := time.Now(), flightLimit
	if e != nil && e.replacing() {
		limit = replaceLimit
	}
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	for try := 1; ; try++ {
		h, err := c.attempt(ctx, r, false)
		if err == nil {
			c.failures.forget(key)
			return h, nil
		}
		if c.ctx.Err() != nil {
			return nil, ErrClosed
		}
		if e != nil {
			if h := e.reinstate(c.now()); h != nil {
				return h, nil
			}
		}
		bound := limit
		if errors.Is(err, ErrNoManagedIdentity) {
			bound = absentLimit
		}
		wait, again := schedule.Foreground(try, time.Since(start), bound, err.retryAfter)
		if !err.retry || !again {
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
