package main

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

const (
	outage    = 12 * time.Hour
	life      = time.Hour // the life of a process, until the next one starts
	interval  = time.Minute
	patience  = 10 * time.Second
	firstHour = 25 // in which an outage begins; the last is 23 h later
	lastHour  = 48
	after     = 6 * time.Hour // how long a program is watched once the outage is over
)

// A run has the outcomes for a program that was restarted every hour, with one outage.
type run struct {
	hour            int // in which the outage began
	served          []bool
	waited          int // calls that waited, except the very first one
	requests        int // requests to the endpoint
	failed, expired int
}

// restarts returns the runs of each kind, with outages that begin in every step-th hour of the
// second day.
func restarts(t *testing.T, step int) map[string][]run {
	all := make(map[string][]run)
	for _, k := range kinds() {
		for hour := lastHour; hour >= firstHour; hour -= step {
			synctest.Test(t, func(t *testing.T) { all[k.name] = append(all[k.name], k.live(t, hour)) })
		}
	}
	return all
}

// live makes one run.
func (k kind) live(t *testing.T, hour int) run {
	imds := imdstest.New(&imdstest.Options{MintAfter: -1})
	defer imds.Close()
	begin := time.Now()
	down := begin.Add(time.Duration(hour)*time.Hour - 30*time.Second) // apart from the calls
	time.AfterFunc(time.Until(down), func() { imds.BreakFor(outage, imdstest.Status(503)) })
	dir := tokenstore.Dir(t.TempDir())
	r := run{hour: hour}
	for n := 0; time.Now().Before(down.Add(outage + after)); n++ {
		client, err := k.start(imds, dir, fmt.Sprintf("restart-%d-%d", hour, n))
		require.NoError(t, err)
		for end := time.Now().Add(life); time.Now().Before(end); {
			called := time.Now()
			r.call(t, client)
			if time.Since(called) > 0 && len(r.served) > 1 {
				r.waited++
			}
			time.Sleep(time.Until(called.Add(interval)))
		}
		require.NoError(t, client.Close())
	}
	r.requests = imds.Count()
	return r
}

// call is one call of the program.
func (r *run) call(t *testing.T, client peers.Client) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, expires, err := client.Token(ctx)
	switch {
	case err != nil:
		r.failed++
	case !expires.After(time.Now()):
		r.expired++
	}
	r.served = append(r.served, err == nil && expires.After(time.Now()))
}

// around returns the share of the calls that were served in each quarter of an hour, starting some
// hours before the outage.
func around(runs []run, from, to float64) (shares []float64) {
	const bin = 15 // calls
	for at := from; at < to; at += 0.25 {
		served, calls := 0, 0
		for _, r := range runs {
			first := r.hour*60 + int(at*60)
			for _, ok := range r.served[max(0, min(first, len(r.served))):max(0, min(first+bin, len(r.served)))] {
				calls++
				if ok {
					served++
				}
			}
		}
		shares = append(shares, float64(served)/float64(max(1, calls)))
	}
	return shares
}
