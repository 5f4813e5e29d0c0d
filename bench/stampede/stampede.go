package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// A scenario is an endpoint in some state, and the patience of its callers.
type scenario struct {
	name  string
	delay time.Duration // before the endpoint answers
	fault imdstest.Fault
	hurry bool // the callers have deadlines: see deadlines
}

// serves reports whether there is a token for callers that wait.
func (s scenario) serves() bool { return s.fault.String() == imdstest.OK().String() }

var scenarios = []scenario{
	{"good: a token after 50 ms", 50 * time.Millisecond, imdstest.OK(), false},
	{"slow: a token after 1.5 s", 1500 * time.Millisecond, imdstest.OK(), true},
	{"very slow: a token after 10 s", 10 * time.Second, imdstest.OK(), true},
	{"failing: 500 after 1 ms", time.Millisecond, imdstest.Status(http.StatusInternalServerError), true},
	{"hanging: no answer", 0, imdstest.Hang(), true},
}

const (
	soonest = 500 * time.Millisecond
	latest  = time.Second
)

// deadlines returns the deadlines of n callers, from now: spread between soonest and latest, in an
// order that is the same in every run. With a single deadline for all, a library in which callers
// wait for each other would meet it by accident.
func deadlines(n int) []time.Duration {
	all := make([]time.Duration, n)
	for i, at := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		all[i] = soonest + (latest-soonest)*time.Duration(at+1)/time.Duration(n)
	}
	return all
}

// outcome has the results of all the callers that called at once.
type outcome struct {
	requests int // requests sent to the endpoint
	tokens   int // callers that got a token
	inTime   int // callers that returned by their deadline, with any result
	// Calls that failed at their deadline with an error other than context.DeadlineExceeded.
	hidden  int
	waiting int           // callers that had not returned when the watch ended
	wall    time.Duration // until the last one returned, or the watch ended
	// Whether a call got a token that came when the endpoint would have answered, with a deadline
	// of latest.
	later bool
}

// stampede makes callers request a token at once from a client that has none yet, and watches them
// for the time watch. A caller that is late by less than tolerance is in time.
func stampede(s scenario, library peers.Library, resource string, callers int, watch, tolerance time.Duration) (outcome, error) {
	imds := imdstest.New(nil)
	imds.Mint(resource) // makes the signing key, which takes time
	imds.Break(s.fault)
	over := make(chan struct{})
	endpoint := &delayed{imds: imds, delay: s.delay, over: over}
	client, err := library.New(peers.Endpoint{Transport: endpoint, Resource: resource})
	if err != nil {
		return outcome{}, err
	}

	start, calls := make(chan struct{}), make(chan call, callers)
	var ready, all sync.WaitGroup
	var begun time.Time
	for _, deadline := range deadlines(callers) {
		ready.Add(1)
		all.Go(func() {
			ready.Done()
			<-start
			if !s.hurry {
				deadline = 0
			}
			calls <- ask(client, begun, deadline)
		})
	}
	ready.Wait()
	begun = time.Now()
	close(start)

	o := outcome{waiting: callers}
	for end := time.After(watch); o.waiting > 0 && o.wall < watch; o.wall = time.Since(begun) {
		select {
		case c := <-calls:
			o.add(c, tolerance)
		case <-end:
		}
	}
	o.requests = int(endpoint.requests.Load())
	if o.waiting == 0 && s.serves() {
		time.Sleep(s.delay)
		o.later = ask(client, time.Now(), latest).err == nil
	}
	close(over) // releases the callers that still wait
	imds.Close()
	all.Wait()
	return o, client.Close()
}

// call is the result of a call.
type call struct {
	deadline, took time.Duration
	err            error
}

// ask makes a call as one of the callers that started at the same moment. A deadline of 0 means
// none.
func ask(client peers.Client, begun time.Time, deadline time.Duration) call {
	ctx := context.Background()
	if deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, begun.Add(deadline))
		defer cancel()
	}
	_, _, err := client.Token(ctx)
	return call{deadline, time.Since(begun), err}
}

func (o *outcome) add(c call, tolerance time.Duration) {
	o.waiting--
	if c.err == nil {
		o.tokens++
	}
	if c.deadline > 0 && c.took > c.deadline+tolerance {
		return
	}
	o.inTime++
	if c.err != nil && c.deadline > 0 && c.took >= c.deadline && !errors.Is(c.err, context.DeadlineExceeded) {
		o.hidden++
	}
}

// delayed is an endpoint that waits before it does anything, until the stampede is over.
type delayed struct {
	imds     *imdstest.Server
	delay    time.Duration
	over     <-chan struct{}
	requests atomic.Int64
}

func (d *delayed) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := context.Cause(r.Context()); err != nil {
		return nil, err // it was never sent
	}
	d.requests.Add(1)
	timer := time.NewTimer(d.delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return d.imds.RoundTrip(r)
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	case <-d.over:
		return nil, io.ErrUnexpectedEOF
	}
}
