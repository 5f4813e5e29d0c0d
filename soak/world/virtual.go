package world

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// Virtual runs the steps on a clock that jumps ahead whenever nothing is left to do. Such clocks
// are for tests only. A goroutine that outlives the run fails t.
func Virtual(t *testing.T, s Setting, steps []plan.Step) (r Result) {
	s.settle = synctest.Wait
	synctest.Test(t, func(t *testing.T) {
		before := goroutines()
		w, err := New(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		w.Run(steps)
		time.Sleep(time.Hour) // what the client may have left behind shows itself
		w.settle()
		if left := rules.LeftBehind(before, goroutines()); left != nil {
			w.journal.report(left)
			t.Error(left) // this clock panics when they do not end
		}
		r = w.journal.result()
	})
	return r
}
