package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
)

// way is how a call uses the client.
type way string

const (
	byToken      way = "Token"
	byCredential way = "GetToken"
	byService    way = "the service"
	byChallenge  way = "GetToken with claims"
)

// request is a call that is to be made.
type request struct {
	way      way
	resource string
	patience time.Duration // until the caller's deadline, 0: none; below 0: it is over already
	cancel   time.Duration // when the caller gives up, 0: never
	atEnd    bool          // its moment is that of a token's end
}

// draw is a call of the usual mixture.
func draw(random *rand.Rand) request {
	r := request{way: byToken, resource: billing, patience: []time.Duration{0, 100 * time.Millisecond, time.Second, 10 * time.Second, time.Minute}[random.IntN(5)]}
	switch random.IntN(8) {
	case 0:
		r.way = byCredential
	case 1:
		r.resource = orders
	case 2, 3, 4, 5:
		r.way, r.resource = byService, orders
		r.patience = max(r.patience, time.Second) // a half-open connection ends by it alone
	}
	if random.IntN(20) == 0 {
		r.patience = -1
	}
	return r
}

// call makes a call and judges it.
func (w *world) call(r request) {
	ctx, cancel := context.WithCancel(w.life)
	defer cancel()
	o := outcome{start: time.Now(), slack: w.slack, claims: r.way == byChallenge}
	switch {
	case r.patience < 0:
		cancel()
		o.deadline, o.overBefore = o.start, true
	case r.patience > 0:
		o.deadline = o.start.Add(r.patience)
		var end context.CancelFunc
		ctx, end = context.WithDeadline(ctx, o.deadline)
		defer end()
	}
	if r.cancel > 0 {
		timer := time.AfterFunc(r.cancel, cancel)
		defer timer.Stop()
		if at := o.start.Add(r.cancel); o.deadline.IsZero() || at.Before(o.deadline) {
			o.deadline = at
		}
	}
	w.mu.Lock()
	c := w.client
	l := c.ledgers[r.resource]
	o.inHand, o.suspended = l.inHand(o.start, w.slack), l.suspended(o.start)
	l.use(o.start)
	if o.claims {
		l.refused = true
	}
	if !o.inHand {
		c.dark = o.start
	}
	w.calling++
	w.mu.Unlock()

	var found []finding
	if r.way == byService {
		found = w.callService(ctx, c, o)
	} else {
		o.token, o.err = ask(ctx, c.asked, r)
		o.end, o.over = time.Now(), ctx.Err() != nil
		w.know(c, &o)
		found = o.findings()
	}
	w.report(found)

	w.mu.Lock()
	defer w.mu.Unlock()
	w.calling--
	w.tally.calls[r.way]++
	if !r.atEnd {
		w.tally.planned++
	}
	if !o.inHand {
		w.tally.without++
	} else if !o.suspended && r.way != byService && !o.claims {
		w.tally.worstWait = max(w.tally.worstWait, o.end.Sub(o.start))
	}
	if o.err != nil {
		w.tally.failed++
	}
}

func ask(ctx context.Context, from tokens, r request) (string, error) {
	if r.way == byToken {
		t, err := from.Token(ctx, r.resource)
		return t.Value(), err
	}
	opts := policy.TokenRequestOptions{Scopes: []string{r.resource + "/.default"}}
	if r.way == byChallenge {
		opts.Claims = claims
	}
	t, err := from.GetToken(ctx, opts)
	return t.Token, err
}

// know puts into an outcome what is known of the client when the call has ended.
func (w *world) know(c *client, o *outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.ends = w.given[o.token]
	o.closed = c.closed
	if w.wall.steppedSince(o.start) {
		o.inHand = false // it may have ended by a clock that jumped
	}
	o.troubled = c.inFlight > 0 || !c.trouble.IsZero() && o.start.Sub(c.trouble) <= failureLimit+w.slack
}

// callService calls the service and judges how the token got onto the request, and what came of it.
func (w *world) callService(ctx context.Context, c *client, o outcome) []finding {
	j := &journey{}
	req, err := http.NewRequestWithContext(context.WithValue(ctx, callKey{}, j), http.MethodGet, orders+"/orders", nil)
	if err != nil {
		panic(err) // of a constant
	}
	resp, err := c.api.Do(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	end := time.Now()
	o.over = ctx.Err() != nil
	var refused *aztoken.Error
	if errors.As(err, &refused) || errors.Is(err, aztoken.ErrClosed) {
		o.end, o.err = end, err
		w.know(c, &o)
		return o.findings() // there was no token
	}
	// Until the first request left, the call was one for a token.
	o.end = j.first
	if o.end.IsZero() {
		o.end = end // http.Client looked at the context first
	}
	w.know(c, &o)
	found := o.waits()
	if here := end.Sub(o.end) - j.far; here > w.slack && (!j.refused || here > replacement+w.slack) {
		found = append(found, finding{noWait, fmt.Sprintf("it waited %v after its request was answered %d", here, j.status)})
	}
	if err != nil && !j.excused && !o.over && !o.closed {
		found = append(found, finding{noRiddle, err.Error()})
	}
	if err != nil && leaks(err.Error()) {
		found = append(found, finding{noSecret, "an error of a call of the service"})
	}
	return found
}
