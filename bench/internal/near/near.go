// Package near tests that an operation costs little more than its floor: the least that any program
// has to do for the same outcome, measured in the same run. So a test fails because of a
// regression, not because the machine is slow or busy.
package near

import (
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"
)

// Goal is what an operation may cost.
type Goal struct {
	Times  float64 // the cost as a multiple of the floor
	Allocs float64 // the most allocations per operation
	// Parallel runs the operation on all cores at once, which is the only way to see contention.
	Parallel bool
}

const (
	// slice is how long one side runs before the other. It is short, so that a burst of other load
	// affects both.
	slice = 10 * time.Millisecond
	// least is the minimum number of slices. It is large enough to measure the floor well: a floor
	// measured only in a noisy moment would let everything pass.
	least = 20
	// most bounds a test to about four seconds. The fastest of that many slices is as fast as on an
	// idle machine.
	most = 150
)

// Test fails if op costs more than the goal allows. The two sides alternate, and the smaller of two
// ratios counts: the ratio of the fastest slices, because noise only ever makes code slower, and
// the median ratio of the turns, because a machine that is slow for a long time is slow for both.
// The test goes on until that ratio meets the goal, and fails only if it never does. It skips under
// the race detector, which changes the ratio.
func Test(tb testing.TB, goal Goal, floor, op func()) {
	tb.Helper()
	if Raced {
		tb.Skip("the race detector changes the ratio")
	}
	if allocs := testing.AllocsPerRun(200, op); allocs > goal.Allocs {
		tb.Errorf("%v allocations, and the goal is %v", allocs, goal.Allocs)
	}
	// Garbage collection takes longer on a busier machine, and slows only the side that allocates;
	// its allocations are checked above.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	base, side := newSide(floor, goal.Parallel), newSide(op, goal.Parallel)
	var turns []float64
	ratio := math.Inf(1)
	for len(turns) < most && (len(turns) < least || ratio > goal.Times) {
		b, s := base.run(), side.run()
		turns = append(turns, s/b)
		slices.Sort(turns)
		ratio = min(side.best/base.best, turns[len(turns)/2])
	}
	tb.Logf("%.2f times the floor (%.1f ns and %.1f ns at best)", ratio, side.best, base.best)
	if ratio > goal.Times {
		tb.Errorf("%.2f times the floor, and the goal is %.2f", ratio, goal.Times)
	}
}

// side is one of the two operations.
type side struct {
	op   func()
	all  bool    // on all cores
	n    int     // the number of operations in a slice
	best float64 // nanoseconds per operation in the fastest slice
}

func newSide(op func(), all bool) side {
	for n := 1; ; n *= 2 {
		if d := timed(n, op, all); d > slice/4 {
			return side{op, all, max(1, int(float64(n)*float64(slice)/float64(d))), math.Inf(1)}
		}
	}
}

// run runs a slice and returns the nanoseconds for one operation.
func (s *side) run() float64 {
	runtime.GC() // collects the last slice's garbage
	ns := float64(timed(s.n, s.op, s.all)) / float64(s.n)
	s.best = min(s.best, ns)
	return ns
}

// timed returns how long n operations take, on one core or on each of the cores.
func timed(n int, op func(), all bool) time.Duration {
	loop := func() {
		for range n {
			op()
		}
	}
	start := time.Now()
	if !all {
		loop()
		return time.Since(start)
	}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(loop)
	}
	wg.Wait()
	return time.Since(start)
}
