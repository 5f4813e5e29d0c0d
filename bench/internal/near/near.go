// Package near tests that an operation stays near its floor: the least that any program has to do for the same outcome,
// measured in the same run. So a slow or busy machine makes no test fail, and a regression does.
package near

import (
	"math"
	"testing"
	"time"
)

// Goal is what an operation may cost.
type Goal struct {
	Times  float64 // that of the floor
	Allocs float64 // for each operation, at most
}

const (
	// slice is how long one side runs before the other: short, so that a burst of somebody else's work hits both alike.
	slice = 10 * time.Millisecond
	// least is so many slices that the floor is found too: one of a noisy moment would let everything pass.
	least = 20
	// most bounds a test to about three seconds. The fastest of so many slices is that of a quiet machine.
	most = 150
)

// Test fails if op costs more than the goal has it. Noise only ever makes code slower, so it is the fastest slice of each side
// that counts; the test goes on until those are near enough, and only if they never are it fails. It skips under the race
// detector, which changes the ratio.
func Test(tb testing.TB, goal Goal, floor, op func()) {
	tb.Helper()
	if raced {
		tb.Skip("the race detector changes the ratio")
	}
	if allocs := testing.AllocsPerRun(200, op); allocs > goal.Allocs {
		tb.Errorf("%v allocations, and the goal is %v", allocs, goal.Allocs)
	}
	sides := [2]side{newSide(floor), newSide(op)}
	ratio := func() float64 { return sides[1].best / sides[0].best }
	for slices := 1; slices <= most; slices++ {
		sides[0].run()
		sides[1].run()
		if slices >= least && ratio() <= goal.Times {
			break
		}
	}
	tb.Logf("%.1f ns, which is %.2f times the floor of %.1f ns", sides[1].best, ratio(), sides[0].best)
	if ratio() > goal.Times {
		tb.Errorf("%.2f times the floor, and the goal is %.2f", ratio(), goal.Times)
	}
}

// side is one of the two operations.
type side struct {
	op   func()
	n    int     // so many fill a slice
	best float64 // nanoseconds for one, of the fastest slice
}

func newSide(op func()) side {
	for n := 1; ; n *= 2 {
		if d := timed(n, op); d > slice/4 {
			return side{op, max(1, int(float64(n)*float64(slice)/float64(d))), math.Inf(1)}
		}
	}
}

func (s *side) run() { s.best = min(s.best, float64(timed(s.n, s.op))/float64(s.n)) }

func timed(n int, op func()) time.Duration {
	start := time.Now()
	for range n {
		op()
	}
	return time.Since(start)
}
