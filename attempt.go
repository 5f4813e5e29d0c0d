package aztoken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	// attemptTimeout is the time of one request. A healthy endpoint answers in milliseconds, one that must ask Entra
	// in seconds; more helps nobody, as the next try starts afresh.
	attemptTimeout = 30 * time.Second
	// comingBack is the time that a source gets to come back with its own error after its context has ended.
	comingBack = time.Second
)

// places are the requests that may be under way at a time. IMDS serves five at once for a whole machine. One place is
// kept from background refreshes, so that while these hang a caller without a token still gets through.
type places struct{ all, background chan struct{} }

func newPlaces() places {
	return places{all: make(chan struct{}, 4), background: make(chan struct{}, 3)}
}

func (p places) take(ctx context.Context, background bool) bool {
	if background {
		select {
		case p.background <- struct{}{}:
		case <-ctx.Done():
			return false
		}
	}
	select {
	case p.all <- struct{}{}:
		return true
	case <-ctx.Done():
		if background {
			<-p.background
		}
		return false
	}
}

func (p places) free(background bool) {
	<-p.all
	if background {
		<-p.background
	}
}

var (
	errNoPlace = &wire.Failure{Retry: true, Description: "the requests before it took all the time"}
	errSlow    = &wire.Failure{Retry: true, Description: "no answer in time"}
	errExited  = errors.New("the credential ended its goroutine")
)

// attempt asks the source once and stores what it gives. It is called between enter and leave.
func (c *Client) attempt(ctx context.Context, r request, background bool) (*held, *Error) {
	start := time.Now()
	var (
		got azcore.AccessToken
		err error = errNoPlace
	)
	if c.places.take(ctx, background) {
		got, err = c.call(ctx, r)
		c.places.free(background)
	}
	now := time.Now()
	if err == nil {
		err = wire.Usable(got, now)
	}
	if err == nil {
		h, kind := c.store(r, got, now)
		c.emit(Event{Kind: kind, Time: now, Resource: r.resource, Background: background, Took: now.Sub(start), ExpiresOn: h.token.ExpiresOn, RefreshOn: h.token.RefreshOn})
		return h, nil
	}
	failed := newError(c.host.name, r.resource, err, c.answered.Load())
	if failed.StatusCode != 0 {
		c.answered.Store(true)
	}
	if !background && c.ctx.Err() == nil {
		c.emit(Event{Kind: EventFailed, Time: now, Resource: r.resource, Took: now.Sub(start), Err: failed})
	}
	return nil, failed
}

// call runs the source in a goroutine of its own: a panic in it, or its runtime.Goexit, is an error to the callers, where
// in the flight's goroutine it would end the program or leave them waiting; and a source that does not heed its
// context holds up nobody.
func (c *Client) call(ctx context.Context, r request) (azcore.AccessToken, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
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
			done <- got
		}()
		got.token, got.err = c.host.source.GetToken(ctx, policy.TokenRequestOptions{
			Scopes: []string{r.resource + defaultScope}, TenantID: r.tenant, EnableCAE: r.cae, Claims: r.claims,
		})
	})
	var got result
	select {
	case got = <-done:
	case <-ctx.Done():
		select {
		case got = <-done:
		case <-time.After(comingBack):
			return azcore.AccessToken{}, errSlow
		}
	}
	if got.err != nil && ctx.Err() != nil && errors.Is(got.err, ctx.Err()) {
		return azcore.AccessToken{}, errSlow // the end of our time, which no caller must take for the end of its own
	}
	return got.token, got.err
}

// store puts a token into the cache and plans its refresh.
func (c *Client) store(r request, got azcore.AccessToken, now time.Time) (*held, EventKind) {
	c.answered.Store(true)
	e := c.cache.obtain(r)
	if e == nil { // closed meanwhile
		return c.hold(r, got, now, nil), EventAcquired
	}
	e.mu.Lock()
	old := e.current.Load()
	if old == nil {
		old = e.rejected
	}
	if old != nil && old.token.Value() != got.Token {
		old = nil
	}
	h := c.hold(r, got, now, old)
	e.current.Store(h)
	e.rejected, e.failures, e.lastErr = nil, 0, nil
	if e.lastUse.IsZero() {
		e.lastUse = now
	}
	c.plan(e, now, now.Add(h.token.RefreshOn.Sub(now.Round(0))))
	e.mu.Unlock()
	if old != nil {
		return h, EventUnchanged
	}
	c.rotations.publish(c, e.request, h.token)
	return h, EventAcquired
}

// hold makes the cache's form of a token. same is the held form of the same token, got again.
func (c *Client) hold(r request, got azcore.AccessToken, now time.Time, same *held) *held {
	h := &held{acquired: now, expires: got.ExpiresOn}
	sec := (*secret)(nil)
	hint := got.RefreshOn
	if same != nil {
		h.acquired, sec = same.acquired, same.token.secret
		hint = time.Time{} // it was taken, and led to this same token: only the policy's growing intervals help now
	} else {
		sec = newSecret(got.Token)
	}
	due := refreshOn(c.opts.Refresh, now, h.acquired, h.expires, hint, random())
	end := got.ExpiresOn.Add(-expirySkew)
	h.untilWall, h.untilMono = end.UnixNano(), now.Add(end.Sub(now)).Sub(c.epoch)
	h.token = Token{Resource: r.resource, AcquiredOn: utc(h.acquired), RefreshOn: utc(due), ExpiresOn: utc(got.ExpiresOn), secret: sec}
	return h
}

// utc drops the monotonic reading: what leaves the client is compared with times from elsewhere.
func utc(t time.Time) time.Time { return t.Round(0).UTC() }
