package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// A run has the outcomes for a program that made calls for 72 hours with one outage.
type run struct {
	scenario scenario
	outcomes []outcome
	waited   time.Duration // the longest wait of a call
	idled    time.Duration // the longest wait of a call that did not have to wait
	requests int           // requests to the endpoint
}

// count returns the number of calls with the given outcome.
func (r run) count(o outcome) int {
	n := 0
	for _, got := range r.outcomes {
		if got == o {
			n++
		}
	}
	return n
}

// harm returns the number of calls without a good token.
func (r run) harm() int { return len(r.outcomes) - r.count(served) }

// live runs a scenario with a library, in a bubble of virtual time.
func (s scenario) live(t *testing.T, l peers.Library, resource string) run {
	imds := imdstest.New(&imdstest.Options{TokenLifetime: tokenLife, MintAfter: s.kind.mintAfter})
	client, err := l.New(peers.Endpoint{Transport: imds, Resource: resource})
	require.NoError(t, err)
	outage := time.AfterFunc(s.start(), func() { imds.BreakFor(s.length, s.kind.fault) })
	c := caller{client: client}
	c.callFor(t, duration)
	requests := imds.Count()

	outage.Stop()
	require.NoError(t, client.Close())
	imds.Close()
	time.Sleep(time.Minute) // goroutines that a library left behind notice that and end
	return run{s, c.outcomes, c.waited, c.idled, requests}
}

// between returns the outcomes of the calls from one time since the outage began to another.
func (r run) between(from, to time.Duration) []outcome {
	at := func(d time.Duration) int { // the first call at d or after
		return min(max(0, int((r.scenario.start()+d+interval-1)/interval)), len(r.outcomes))
	}
	return r.outcomes[at(from):at(to)]
}
