package aztoken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	// attemptTimeout is the time of one request to an endpoint. A healthy one answers in milliseconds, one that must
	// ask Entra in seconds; more helps nobody, as the next try starts afresh.
	attemptTimeout = 30 * time.Second
	// comingBack is the time that a source gets to come back with its own error after its context has ended.
	comingBack = time.Second
)

var (
	errNoPlace = &wire.Failure{Retry: true, Description: "the requests before it took all the time"}
	errSlow    = &wire.Failure{Retry: true, Description: "no answer in time"}
	errExited  = errors.New("the credential ended its goroutine")
	errInError = errors.New("the credential's error cannot be read: it panics")
)

// attempt asks the source once and stores what it gives. It is called between enter and leave.
func (c *Client) attempt(ctx context.Context, r request, background bool) (*held, *Error) {
	start := time.Now()
	got, err := c.call(ctx, r, background)
	now := time.Now()
	if err == nil {
		err = wire.Usable(got, now)
	}
	if err == nil {
		c.answered.Store(true)
		h, kind := c.store(r, got, start, now)
		c.emit(Event{Kind: kind, Time: now, Resource: r.resource, Background: background, Took: now.Sub(start), ExpiresOn: h.token.ExpiresOn, RefreshOn: h.token.RefreshOn})
		return h, nil
	}
	failed := &Error{Resource: r.resource, Host: c.host.name, cause: hide(errInError)}
	_ = guard.Run(func() { failed = newError(c.host.name, r.resource, err, c.answered.Load()) }) // it calls methods of a foreign error
	if failed.answered {
		c.answered.Store(true)
	}
	if !background && !c.closed() {
		c.emit(Event{Kind: EventFailed, Time: now, Resource: r.resource, Took: now.Sub(start), Err: failed})
	}
	return nil, failed
}

// call runs the source in a goroutine of its own: a panic in it, or its runtime.Goexit, is an error to the callers, where
// in the flight's goroutine it would end the program or leave them waiting; and a source that does not heed its
// context holds up nobody, though it keeps its place until it returns.
func (c *Client) call(ctx context.Context, r request, background bool) (azcore.AccessToken, error) {
	free := c.places.take(ctx, background)
	if free == nil {
		return azcore.AccessToken{}, errNoPlace
	}
	ctx, cancel := context.WithTimeout(ctx, c.host.timeout)
	defer cancel()
	ask := hosts.Request{Resource: r.resource, Tenant: r.tenant, CAE: r.cae}
	if r.demand != nil {
		ask.Claims, ask.RejectedSHA256 = r.demand.claims, r.demand.refused
	}
	type result struct {
		token azcore.AccessToken
		err   error
	}
	done := make(chan result, 1)
	c.running.Go(func() {
		got := result{err: errExited}
		defer func() {
			if p := recover(); p != nil {
				got.err = fmt.Errorf("the credential panicked: %v", p)
			}
			free()
			done <- got
		}()
		got.token, got.err = c.host.source.Token(ctx, ask)
	})
	select {
	case got := <-done:
		return got.token, got.err
	case <-ctx.Done():
	}
	select {
	case got := <-done:
		return got.token, got.err
	case <-time.After(comingBack):
		return azcore.AccessToken{}, errSlow
	}
}
