package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// answerTime is how long the endpoint takes while it works.
const answerTime = 50 * time.Millisecond

// steadyDays is the number of days that are counted, after a first day in which all clients have
// just started.
const steadyDays = 2

// A fleet has the outcomes for the clients of one identity: a simultaneous start, uneventful days,
// and an outage in which a tenth of the clients is replaced every hour.
type fleet struct {
	instances      int
	cold           int     // requests at the start
	coldTook       float64 // seconds, until the last had a token
	daily          float64 // requests a day
	outageRequests int
	outageCalls    int
	outageFailed   int
	operations     float64 // of the store, for each client and day of quiet
}

// fleetsOf returns the fleets of each kind.
func fleetsOf(t *testing.T, instances int) map[string]fleet {
	all := make(map[string]fleet)
	for _, k := range kinds() {
		synctest.Test(t, func(t *testing.T) { all[k.name] = k.fleet(t, instances) })
	}
	return all
}

// instances are the clients of a fleet.
type instances struct {
	kind
	imds    *imdstest.Server
	shared  *memory
	clients []peers.Client
	started int
}

// replace closes client n, if there is one, and starts another in its place.
func (i *instances) replace(t *testing.T, n int) {
	if i.clients[n] != nil {
		require.NoError(t, i.clients[n].Close())
	}
	var err error
	i.clients[n], err = i.start(i.imds, i.shared, fmt.Sprintf("fleet-%d", i.started))
	require.NoError(t, err)
	i.started++
}

// call makes every client request its token at the same time, and returns how many got no good
// token.
func (i *instances) call(t *testing.T) (failed int) {
	var wg sync.WaitGroup
	var bad atomic.Int64
	for _, c := range i.clients {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if _, expires, err := c.Token(ctx); err != nil || !expires.After(time.Now()) {
				bad.Add(1)
			}
		})
	}
	wg.Wait()
	return int(bad.Load())
}

func (k kind) fleet(t *testing.T, size int) fleet {
	i := &instances{
		kind: k, imds: imdstest.New(&imdstest.Options{MintAfter: -1}), shared: newMemory(), clients: make([]peers.Client, size),
	}
	defer i.imds.Close()
	i.imds.Break(imdstest.Slow(answerTime))
	f := fleet{instances: size}
	for n := range i.clients {
		i.replace(t, n)
	}
	begin := time.Now()
	require.Zero(t, i.call(t))
	f.cold, f.coldTook = i.imds.Count(), time.Since(begin).Seconds()

	i.calm(t, 24*time.Hour)
	before, operations := i.imds.Count(), i.shared.count()
	i.calm(t, steadyDays*24*time.Hour)
	f.daily = float64(i.imds.Count()-before) / steadyDays
	f.operations = float64(i.shared.count()-operations) / steadyDays / float64(size)

	i.imds.Break(imdstest.Status(503))
	before = i.imds.Count()
	next := 0
	for range int(outage.Hours()) {
		for range size / 10 {
			i.replace(t, next)
			next = (next + 1) % size
		}
		for hour := time.Now().Add(time.Hour); time.Now().Before(hour); {
			called := time.Now()
			f.outageCalls += size
			f.outageFailed += i.call(t)
			time.Sleep(time.Until(called.Add(10 * time.Minute)))
		}
	}
	f.outageRequests = i.imds.Count() - before
	for _, c := range i.clients {
		require.NoError(t, c.Close())
	}
	time.Sleep(time.Minute) // goroutines that a library left behind notice that and end
	return f
}

// calm makes the fleet call once an hour.
func (i *instances) calm(t *testing.T, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(time.Hour)
		require.Zero(t, i.call(t))
	}
}
