package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// realSlack is what a call may take on a machine that has other work to do. It is below every wait that the library has.
const realSlack = 500 * time.Millisecond

// inRealTime is one run by the machine's clocks, over sockets.
func inRealTime(o options) ended {
	steps := o.steps()
	clock, err := newWallClock()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak: without steps of the wall clock:", err)
		steps = slices.DeleteFunc(steps, func(s step) bool { return s.layer == wall })
	}
	before := goroutines()
	memory := newHeap()
	all := ended{kind: "real time", tally: newTally()}
	w, err := newWorld(context.Background(), setting{
		seed: o.seed, span: o.real, lifetime: o.lifetime, slack: realSlack, sockets: true, heap: memory, wall: clock,
		settle: func() { time.Sleep(10 * time.Millisecond) },
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	w.run(steps)
	all.heapWorst = memory.worst.Load()
	time.Sleep(time.Second) // connections that were closed are noticed
	if n := goroutines(); n > before+2 {
		w.report([]finding{{endsCleanly, fmt.Sprintf("%d goroutines at the start and %d at the end", before, n)}})
	}
	all.tally.add(w.tally)
	all.broken = w.broken
	return all
}
