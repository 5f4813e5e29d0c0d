package world

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// stir does what programs do with a client besides single calls.
func (c *callers) stir(action plan.Action, random *rand.Rand) {
	client := c.currentClient()
	switch a := action.(type) {
	case plan.Stampede:
		for range a.Count {
			r := draw(random)
			if a.Cancelled {
				r.cancel = time.Duration(1 + random.Int64N(int64(5*time.Second)))
			}
			c.busy.Go(func() { c.call(r) })
		}
	case plan.Invalidation:
		if !a.Hang {
			client.invalidate([]string{orders, billing}[random.IntN(2)])
			return
		}
		c.cloud.hangOnce()
		client.invalidate(billing)
		for _, patience := range []time.Duration{0, time.Second, 2 * time.Second, time.Minute} {
			c.busy.Go(func() { c.call(call{way: byToken, resource: billing, patience: patience}) })
		}
	case plan.ClaimsCall:
		c.busy.Go(func() { c.call(call{way: byClaims, resource: billing, patience: time.Minute}) })
	case plan.MadeUpTokens:
		for n := range a.Count {
			token := madeUp(random, n)
			c.busy.Go(func() { c.sendMadeUp(c.life, token) })
		}
	case plan.Subscription:
		c.subscribe(client, time.Duration(random.Float64()*3*float64(c.Lifetime)))
	}
}

// invalidate tells the client that a service rejected the token in hand.
func (c *client) invalidate(resource string) {
	ended, cancel := context.WithCancel(context.Background())
	cancel() // a token that is served is returned all the same, and none is fetched
	c.uses(resource)
	token, err := c.Token(ended, resource)
	if err != nil {
		return
	}
	c.invalidated(resource)
	c.Invalidate(token)
}

// subscribe subscribes to the tokens of a resource for some time.
func (c *callers) subscribe(client *client, lasting time.Duration) {
	stop := client.OnRotate(billing, func(t aztoken.Token) {
		value := t.Value()
		if c.breakage.rotated != nil {
			value = c.breakage.rotated(value)
		}
		c.journal.count(func(t *Tally) { t.Rotations++ })
		c.journal.report(rules.Rotated(c.cloud.endOf(value), time.Now(), c.slack))
		c.journal.report(rules.Secrets("a token that is printed", fmt.Sprintf("%v %+v %#v %s", t, t, t, client.Client)))
	})
	c.busy.Go(func() {
		c.wait(lasting)
		stop()
	})
}
