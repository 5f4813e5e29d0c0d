package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
)

const (
	// interval is the time between two calls. No library here holds a lock for as long, which would
	// stop the virtual clock: see peers.Library.Locks.
	interval = time.Minute
	// patience is the deadline of a call, typical of a service with waiting callers.
	patience = 10 * time.Second
	// mostUnderWay bounds the calls that wait at the same time. A program that has this many
	// waiting refuses the next one.
	mostUnderWay = 100
	// lastMoments of a token do not count: a request sent with it may arrive too late.
	lastMoments = 3 * time.Second
)

// An outcome is how a call ended.
type outcome byte

const (
	served  outcome = iota
	failed          // no token within the caller's patience
	expired         // an expired token, which no service accepts
)

// A caller requests a token on schedule, whatever the outcome of earlier calls, and records what it
// gets.
type caller struct {
	client peers.Client

	mu       sync.Mutex
	outcomes []outcome     // of the calls, in order
	waited   time.Duration // the longest wait of a call
	// The longest wait of a call that did not have to wait because the caller held a good token.
	idled   time.Duration
	held    string
	heldEnd time.Time
}

// callFor makes calls for d and returns when the last one has returned.
func (c *caller) callFor(t *testing.T, d time.Duration) {
	c.outcomes = make([]outcome, d/interval)
	places := make(chan struct{}, mostUnderWay)
	var calls sync.WaitGroup
	start := time.Now()
	for n := range c.outcomes {
		time.Sleep(time.Until(start.Add(time.Duration(n) * interval)))
		select {
		case places <- struct{}{}:
		default:
			c.note(n, failed)
			continue
		}
		calls.Go(func() {
			c.note(n, c.call(t))
			<-places
		})
	}
	calls.Wait()
}

func (c *caller) note(n int, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcomes[n] = o
}

func (c *caller) call(t *testing.T) outcome {
	start := time.Now()
	holding := c.holds(start)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	token, _, err := c.client.Token(ctx)
	now := time.Now()

	c.mu.Lock()
	defer c.mu.Unlock()
	waited := now.Sub(start)
	c.waited = max(c.waited, waited)
	if holding {
		c.idled = max(c.idled, waited)
	}
	if err != nil || waited > patience {
		return failed
	}
	if token != c.held {
		c.held = token
		if c.heldEnd, err = peers.Expires(token); err != nil {
			t.Error(err)
		}
	}
	if now.After(c.heldEnd) {
		return expired
	}
	return served
}

// holds reports whether the caller has received a token that is valid at now.
func (c *caller) holds(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heldEnd.Sub(now) > lastMoments
}
