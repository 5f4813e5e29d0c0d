package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inVirtualTime runs one seed for each year, all at once, each on a clock of its own that jumps ahead whenever nothing is left
// to do. Such clocks are for tests only, so that is the one test of this program, which ends with it.
func inVirtualTime(o options) {
	debug.SetGCPercent(1000) // the heap is small, and years are long
	testing.Init()
	_ = flag.CommandLine.Parse(nil) // the flags of package testing, which would look for theirs among ours
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "soak", F: func(t *testing.T) {
			if err := o.tell(os.Stdout, soakVirtually(t, o)); err != nil {
				t.Error(err)
			}
		}}},
		nil, nil,
	)
}

func soakVirtually(t *testing.T, o options) ended {
	all := ended{kind: "virtual time", tally: newTally()}
	memory := newHeap()
	var mu sync.Mutex
	t.Run("", func(t *testing.T) { // returns when all runs have ended
		for i := 0; float64(i) < o.years; i++ {
			s := setting{
				seed: o.seed + uint64(i), span: years(min(1, o.years-float64(i))), lifetime: o.lifetime, settle: synctest.Wait, heap: memory,
			}
			t.Run(fmt.Sprint("seed ", s.seed), func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				counted, broken := liveThrough(t, s, plan(s.seed, s.span, s.lifetime, courses))
				t.Log(time.Since(began))
				mu.Lock()
				defer mu.Unlock()
				all.tally.add(counted)
				all.broken = append(all.broken, broken...)
			})
		}
	})
	all.heapWorst = memory.worst.Load()
	return all
}

// liveThrough is one run in virtual time. A goroutine that outlives it fails t.
func liveThrough(t *testing.T, s setting, steps []step) (counted tally, broken []violation) {
	synctest.Test(t, func(t *testing.T) {
		before := goroutines()
		w, err := newWorld(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		w.run(steps)
		time.Sleep(time.Hour) // what the client may have left behind shows itself
		w.settle()
		if n := goroutines(); n > before {
			w.report([]finding{{endsCleanly, fmt.Sprintf("%d goroutines at the start and %d after the end", before, n)}})
			fmt.Fprint(os.Stderr, w.broken[len(w.broken)-1]) // here, as this clock panics when they do not end
		}
		counted, broken = w.tally, w.broken
	})
	return counted, broken
}
