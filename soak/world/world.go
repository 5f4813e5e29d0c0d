// Package world carries out a plan: it runs a client, a protected service and a fake cloud, breaks
// them as the plan says, and hands what it observes to the rules.
//
// Calls go down through four layers. The [World] carries out the steps. The callers make the calls.
// The program is what is under test: a client, and the verifier of a service. The environment is
// what that runs in: the fake cloud, the network, the conditions that the steps impose, and the
// journal of what was found.
package world

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// World is one run.
type World struct {
	*callers
	stop   context.CancelFunc // ends all calls
	dir    string             // of the key file
	logged int                // requests in the fake's log, as far as the bound of the heap knows
}

// New returns a World that has not begun.
func New(ctx context.Context, s Setting) (*World, error) {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(ctx)
	p := &program{environment: newEnvironment(s), saved: savedKeys{path: s.keyFile(dir)}}
	w := &World{callers: &callers{program: p, life: life}, stop: stop, dir: dir}
	return w, errors.Join(p.openVerifier(), p.openClient())
}

// Run carries out the steps, with calls at all times, and returns what was found. It looks at the
// memory in each quiet time.
func (w *World) Run(steps []plan.Step) Result {
	w.busy.Go(w.callSteadily)
	w.busy.Go(w.callAtEnds)
	for _, m := range w.moments(steps) {
		time.Sleep(time.Until(w.start.Add(m.at)))
		if w.settle(); w.journal.isFull() {
			break
		}
		m.do()
	}
	close(w.over)
	w.stop()
	w.close()
	return w.journal.result()
}

// moment is something to do at a time.
type moment struct {
	at time.Duration
	do func()
}

func (w *World) moments(steps []plan.Step) (all []moment) {
	for i, s := range steps {
		random := rand.New(rand.NewPCG(w.Seed, uint64(i)<<8))
		all = append(all, moment{s.At, func() { w.begin(s, random) }})
		if s.Lasting > 0 {
			all = append(all, moment{s.At + s.Lasting, func() { w.end(s, random) }})
		}
	}
	for at := plan.QuietEvery*w.Lifetime - w.Lifetime; at < w.Span; at += plan.QuietEvery * w.Lifetime {
		all = append(all, moment{at, w.lookAtMemory})
	}
	all = append(all, moment{w.Span, func() {}})
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return all
}

// begin carries out a step.
func (w *World) begin(s plan.Step, random *rand.Rand) {
	w.journal.begin(s)
	w.conditions.begin(s)
	switch a := s.Action.(type) {
	case plan.EndpointFault:
		w.cloud.breakEndpoint(a.Fault)
	case plan.KeysFault:
		w.cloud.breakKeys(a.Fault)
	case plan.WallClock:
		w.wall.SetAhead(a.Ahead)
	case plan.KeyRotation:
		w.rotate(a, random)
	case plan.Pressure:
		w.press(a)
	case plan.Restart:
		w.journal.report(rules.Reopened(w.restart(a)))
	default:
		w.stir(a, random)
	}
	w.probe(random)
}

// end ends a lasting step.
func (w *World) end(s plan.Step, random *rand.Rand) {
	w.conditions.end(s)
	switch s.Action.(type) {
	case plan.EndpointFault:
		w.cloud.recoverEndpoint()
	case plan.KeysFault:
		w.cloud.recoverKeys()
	case plan.WallClock:
		w.wall.SetAhead(0)
	}
	w.probe(random)
}

// rotate changes the keys, right after a made-up token has used up the verifier's next search for
// an unknown one. A caller has tokens of the newest key from then on.
func (w *World) rotate(r plan.KeyRotation, random *rand.Rand) {
	w.sendMadeUp(w.life, madeUp(random, 0))
	w.cloud.rotate(r)
	w.busy.Go(w.callWithNewKeys)
}

// close ends the run once all calls have ended.
func (w *World) close() {
	w.busy.Wait()
	w.closeClient(w.currentClient())
	w.closeVerifier(w.currentVerifier())
	w.cloud.close()
	w.network.close()
	_ = os.RemoveAll(w.dir)
}
