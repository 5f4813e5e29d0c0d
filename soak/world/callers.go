package world

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

const (
	// callsALife is how many calls a lifetime has besides those around steps and ends: four an hour
	// for tokens of a day.
	callsALife = 96
	// inTheDark is how often a caller without a token tries.
	inTheDark = 10 * time.Minute
)

// callers make the calls of the program, each in a goroutine of its own.
type callers struct {
	*program
	life    context.Context // of all calls
	busy    sync.WaitGroup
	calling atomic.Int64
}

// wait waits for a pause. It reports false if the run ends first.
func (c *callers) wait(pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-c.over:
		return false
	}
}

// callSteadily makes calls at all times. When they are is a function of the seed: none waits for
// the one before.
func (c *callers) callSteadily() {
	random := rand.New(rand.NewPCG(c.Seed, 1<<32))
	for next := time.Duration(0); ; {
		next += time.Duration(2 * random.Float64() * float64(c.Lifetime/callsALife))
		r := draw(random)
		if random.IntN(2*callsALife) == 0 { // about every other life
			r.way, r.resource = byToken, archive
		}
		if !c.wait(time.Until(c.start.Add(next))) {
			return
		}
		c.busy.Go(func() { c.call(r) })
	}
}

// callAtEnds makes calls around the end of the token in hand, to the millisecond, and some while
// there is none.
func (c *callers) callAtEnds() {
	random := rand.New(rand.NewPCG(c.Seed, 2<<32))
	around := []time.Duration{-rules.Skew - time.Millisecond, -rules.Skew, -time.Second, 0, time.Second}
	for {
		now := time.Now()
		end := c.currentClient().endInHand(orders)
		pause := inTheDark
		for _, a := range around {
			if at := end.Add(a); at.After(now) {
				pause = min(at.Sub(now), c.Lifetime/callsALife)
				break
			}
		}
		if !c.wait(pause) {
			return
		}
		if time.Until(end) < 3*time.Second {
			r := draw(random)
			r.resource, r.atEnd = orders, true
			c.busy.Go(func() { c.call(r) })
		}
	}
}

// callWithNewKeys calls the service with tokens that are signed by the newest key, which the
// verifier may not know.
func (c *callers) callWithNewKeys() {
	for _, pause := range []time.Duration{0, time.Minute, rules.SearchEvery, 20 * time.Minute} {
		if !c.wait(pause) {
			return
		}
		r, token := newRequest(c.life), c.cloud.mint(orders)
		r.Header.Set("Authorization", "Bearer "+token)
		if resp, err := c.atService(r, token); err == nil {
			_ = resp.Body.Close()
		}
	}
}

// probe makes calls from now on that show what a step has changed.
func (c *callers) probe(random *rand.Rand) {
	for _, pause := range []time.Duration{0, time.Second, 7 * time.Second, 30 * time.Second, 5*time.Minute + 11*time.Second} {
		r := draw(random)
		c.busy.Go(func() {
			if c.wait(pause) {
				c.call(r)
				c.lookAtStatus()
			}
		})
	}
}

// lookAtStatus looks for secrets in what the client says about itself.
func (c *callers) lookAtStatus() {
	client := c.currentClient().Client
	status := client.Status()
	text, err := json.Marshal(status)
	c.journal.report(rules.Secrets("a status", string(text), fmt.Sprintf("%v %+v %#v", status, client, client)))
	if err != nil {
		c.journal.report([]rules.Finding{{Rule: rules.NoSecret, What: "a status that cannot be written: " + err.Error()}})
	}
}

// madeUp returns a token of the right form that nobody signed.
func madeUp(random *rand.Rand, n int) string {
	encode := base64.RawURLEncoding.EncodeToString
	header := fmt.Sprintf(`{"typ":"JWT","alg":"RS256","kid":"made-up-%d"}`, n)
	signature := make([]byte, 256)
	for i := range signature {
		signature[i] = byte(random.Uint32())
	}
	return encode([]byte(header)) + "." + encode([]byte(`{"aud":"`+orders+`"}`)) + "." + encode(signature)
}
