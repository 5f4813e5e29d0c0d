package world

import (
	"context"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/soak/internal/wallclock"
	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// realSlack is what a call may take on a machine that has other work to do. It is below every wait
// that the library has.
const realSlack = 500 * time.Millisecond

// Real runs the steps by the machine's clocks, over sockets on loopback. warn is called with why
// there are no steps of the wall clock, where it cannot be set.
func Real(s Setting, steps []plan.Step, warn func(error)) (Result, error) {
	clock, err := wallclock.New()
	if err != nil {
		warn(err)
		steps = slices.DeleteFunc(steps, func(s plan.Step) bool { return s.Layer == plan.Wall })
	}
	before := goroutines()
	s.slack, s.sockets, s.wall = realSlack, true, clock
	s.settle = func() { time.Sleep(10 * time.Millisecond) }
	w, err := New(context.Background(), s)
	if err != nil {
		return Result{}, err
	}
	w.Run(steps)
	time.Sleep(time.Second) // connections that were closed are noticed
	w.journal.report(rules.LeftBehind(before+2, goroutines()))
	return w.journal.result(), nil
}
