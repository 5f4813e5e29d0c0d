package world

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// Way is how a call uses the client.
type Way string

const (
	byToken      Way = "Token"
	byCredential Way = "GetToken"
	byService    Way = "the service"
	byClaims     Way = "GetToken with claims"
)

// call is a call to make.
type call struct {
	way      Way
	resource string
	patience time.Duration // until the caller's deadline, 0: none; below 0: it is over already
	cancel   time.Duration // when the caller gives up, 0: never
	atEnd    bool          // its moment is that of a token's end
}

// draw returns a call of the usual mixture.
func draw(random *rand.Rand) call {
	patience := []time.Duration{0, 100 * time.Millisecond, time.Second, 10 * time.Second, time.Minute}[random.IntN(5)]
	c := call{way: byToken, resource: billing, patience: patience}
	switch random.IntN(8) {
	case 0:
		c.way = byCredential
	case 1:
		c.resource = orders
	case 2, 3, 4, 5:
		c.way, c.resource = byService, orders
		c.patience = max(c.patience, time.Second) // only that ends a half-open connection
	}
	if random.IntN(20) == 0 {
		c.patience = -1
	}
	return c
}

// context returns the context of a caller who begins now, its deadline, zero for none, and how to
// end it.
func (c call) context(parent context.Context) (context.Context, time.Time, context.CancelFunc) {
	now := time.Now()
	ctx, cancel := context.WithCancel(parent)
	if c.patience < 0 {
		cancel()
		return ctx, now, cancel
	}
	var deadline time.Time
	stop := cancel
	if c.patience > 0 {
		deadline = now.Add(c.patience)
		ctx, stop = context.WithDeadline(ctx, deadline)
	}
	if c.cancel == 0 {
		return ctx, deadline, func() { stop(); cancel() }
	}
	if at := now.Add(c.cancel); deadline.IsZero() || at.Before(deadline) {
		deadline = at
	}
	timer := time.AfterFunc(c.cancel, cancel)
	return ctx, deadline, func() { timer.Stop(); stop(); cancel() }
}

// call makes a call and judges it.
func (c *callers) call(r call) {
	c.calling.Add(1)
	defer c.calling.Add(-1)
	client := c.currentClient()
	ctx, deadline, cancel := r.context(c.life)
	defer cancel()
	made := client.begins(r.resource, r.way == byClaims)
	made.Deadline, made.OverBefore = deadline, r.patience < 0
	if r.way == byService {
		client.callService(ctx, made)
	} else {
		made.Token, made.Err = client.ask(ctx, r)
		made.End, made.Over = time.Now(), ctx.Err() != nil
		client.know(r.resource, &made)
		c.journal.report(made.Findings())
	}
	c.journal.count(func(t *Tally) {
		t.Calls[r.way]++
		if !r.atEnd {
			t.Planned++
		}
		if !made.InHand {
			t.Without++
		} else if !made.Suspended && r.way != byService && !made.Claims {
			t.WorstWait = max(t.WorstWait, made.End.Sub(made.Start))
		}
		if made.Err != nil {
			t.Failed++
		}
	})
}

// ask asks for a token.
func (c *client) ask(ctx context.Context, r call) (string, error) {
	if r.way == byToken {
		t, err := c.asked.Token(ctx, r.resource)
		return t.Value(), err
	}
	opts := policy.TokenRequestOptions{Scopes: []string{r.resource + "/.default"}}
	if r.way == byClaims {
		opts.Claims = plan.Claims
	}
	t, err := c.asked.GetToken(ctx, opts)
	return t.Token, err
}

// callService calls the service and judges how the token got onto the request, and what came of it.
func (c *client) callService(ctx context.Context, token rules.TokenCall) {
	j := &journey{}
	resp, err := c.api.Do(newRequest(j.context(ctx)))
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	made := rules.ServiceCall{
		Token: token, End: time.Now(), Remote: j.remote, Rejected: j.rejected, Excused: j.excused, Status: j.status, Err: err,
	}
	var failed *aztoken.Error
	made.NoToken = errors.As(err, &failed) || errors.Is(err, aztoken.ErrClosed)
	made.Token.End, made.Token.Over = j.first, ctx.Err() != nil
	if j.first.IsZero() {
		made.Token.End = made.End // http.Client looked at the context first
	}
	c.know(orders, &made.Token)
	c.journal.report(made.Findings())
}
