package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/world"
)

// summary is the result of all runs.
type summary struct {
	Clock string // the kind of time of the runs
	world.Result
	Heap int64 // the growth of the heap in bytes
}

func newSummary(clock string) summary {
	return summary{Clock: clock, Result: world.Result{Tally: world.NewTally()}}
}

func (s *summary) add(r world.Result) {
	s.Tally.Add(r.Tally)
	s.Violations = append(s.Violations, r.Violations...)
}

// runReal is one run in real time.
func (o options) runReal() (summary, error) {
	all, heap := newSummary("real time"), world.NewHeap()
	r, err := world.Real(world.Setting{Seed: o.seed, Span: o.real, Lifetime: o.lifetime, Heap: heap}, o.steps(), func(err error) {
		fmt.Fprintln(os.Stderr, "soak: without steps of the wall clock:", err)
	})
	if err != nil {
		return all, err
	}
	all.add(r)
	all.Heap = heap.Worst()
	return all, nil
}

// runVirtual runs one run for each year, all at once. Virtual time works only in tests, so this
// runs as the only test of the program, which exits when the test ends.
func (o options) runVirtual() {
	debug.SetGCPercent(1000) // the heap is small and the runs are long
	testing.Init()
	// Package testing would otherwise look for its flags among this program's.
	_ = flag.CommandLine.Parse(nil)
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "soak", F: func(t *testing.T) {
			if err := o.report(os.Stdout, o.runYears(t)); err != nil {
				t.Error(err)
			}
		}}},
		nil, nil,
	)
}

func (o options) runYears(t *testing.T) summary {
	all, heap := newSummary("virtual time"), world.NewHeap()
	var mu sync.Mutex
	t.Run("", func(t *testing.T) { // returns when all runs have ended
		for i := 0; float64(i) < o.years; i++ {
			s := world.Setting{
				Seed: o.seed + uint64(i), Span: years(min(1, o.years-float64(i))), Lifetime: o.lifetime, Heap: heap,
			}
			t.Run(fmt.Sprint("seed ", s.Seed), func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				r := world.Virtual(t, s, plan.New(s.Seed, s.Span, s.Lifetime, plan.Virtual()))
				t.Log(time.Since(began))
				mu.Lock()
				defer mu.Unlock()
				all.add(r)
			})
		}
	})
	all.Heap = heap.Worst()
	return all
}
