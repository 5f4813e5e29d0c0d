package main

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

const (
	// tokenLife is that of a managed identity's token.
	tokenLife = 24 * time.Hour
	// span is how long the requests are counted.
	span = 72 * time.Hour
	// startWithin is the time in which the instances of a deployment of all at once start.
	startWithin = time.Minute
	// warmUp is how long before the span a fleet in steady state was started. Its instances start
	// evenly over one mean interval, which alone makes the rate constant but for a few per cent;
	// each refresh smooths the rest.
	warmUp = 2 * tokenLife
	// portion is how many instances share a source of random numbers, whatever the number of
	// workers, so that the result depends on the seed alone; and a token store, where the strategy
	// has them.
	portion = 1000
)

// epoch is when the span begins. The strategies see times, and this is as good as any.
var epoch = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// scenario is what happens to a fleet.
type scenario struct {
	name string
	file string // of its plot
	// together reports whether all instances start as the span begins. Otherwise the fleet has been
	// running for days.
	together bool
	outage   outage
}

// outage is the time, from the start of the span, in which every request for a token fails at once.
// Zero is none.
type outage struct{ begin, length time.Duration }

func (o outage) covers(at time.Duration) bool { return o.begin <= at && at < o.end() }

func (o outage) end() time.Duration { return o.begin + o.length }

// fleet is a number of instances that behave the same, each with its own token.
type fleet struct {
	instances int
	seed      uint64
	window    time.Duration // in which requests are counted together
	strategy  strategy
	scenario  scenario
}

// window returns the time in which the requests of so many instances are counted together: a minute
// for a million, and longer for fewer, so that chance moves the peak as little. It divides span.
func window(instances int) time.Duration {
	switch {
	case instances >= 1_000_000:
		return time.Minute
	case instances >= 100_000:
		return 10 * time.Minute
	}
	return time.Hour
}

// run simulates all instances. They do not affect each other, and Entra can serve all of them, so
// each one is simulated separately and contributes only counts.
func (f fleet) run() *tally {
	total, interval := newTally(f), f.strategy.interval()
	portions := make(chan int)
	var mu sync.Mutex // for total
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			t := newTally(f)
			for p := range portions {
				random := rand.New(rand.NewPCG(f.seed, uint64(p)))
				n := min(portion, f.instances-p*portion)
				if f.strategy.shares {
					f.liveTogether(n, f.start(interval, random.Float64()), random, t)
					continue
				}
				for range n {
					f.live(f.start(interval, random.Float64()), random, t)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total.add(t)
		})
	}
	for p := range (f.instances + portion - 1) / portion {
		portions <- p
	}
	close(portions)
	workers.Wait()
	return total
}

// start returns when an instance gets its first token, from the start of the span; interval is that
// of its refreshes.
func (f fleet) start(interval time.Duration, random float64) time.Duration {
	if f.scenario.together {
		return time.Duration(random * float64(startWithin))
	}
	return -warmUp - time.Duration(random*float64(interval))
}
