package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// toldSteps is how many of the last steps stand in a violation.
const toldSteps = 12

// moment is something to do at a time.
type moment struct {
	at time.Duration
	do func()
}

// run lives through a plan, with calls at all times, and looks at the memory in each quiet time.
func (w *world) run(steps []step) {
	defer w.close()
	defer w.stop()
	defer close(w.over)
	w.busy.Go(w.callSteadily)
	w.busy.Go(w.callAtEnds)
	for _, m := range w.moments(steps) {
		time.Sleep(time.Until(w.start.Add(m.at)))
		if w.settle(); w.isBroken() {
			return
		}
		m.do()
	}
}

func (w *world) moments(steps []step) (all []moment) {
	for i, s := range steps {
		random := rand.New(rand.NewPCG(w.seed, uint64(i)<<8))
		all = append(all, moment{s.at, func() { w.begin(s, random) }})
		if s.lasting > 0 {
			all = append(all, moment{s.at + s.lasting, func() { w.end(s, random) }})
		}
	}
	for at := quietEvery*w.lifetime - w.lifetime; at < w.span; at += quietEvery * w.lifetime {
		all = append(all, moment{at, w.lookAtMemory})
	}
	all = append(all, moment{w.span, func() {}})
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return all
}

// begin lets a step happen.
func (w *world) begin(s step, random *rand.Rand) {
	w.mu.Lock()
	w.tally.step(s.layer, s.kind, 1)
	w.calm = time.Now()
	if w.recent = append(w.recent, s); len(w.recent) > toldSteps {
		w.recent = w.recent[1:]
	}
	if s.lasting > 0 {
		w.active++
		w.states[s.layer] = &s
	}
	w.mu.Unlock()
	switch s.layer {
	case endpoint:
		w.imds.Break(endpointFault(s, func() string { return w.imds.Mint(orders) }))
	case keys:
		w.imds.Issuer().Break(keysFault(s))
	case wall:
		w.setWall(s)
	case rotation:
		w.rotate(s, random)
	case callers:
		w.stir(s, random)
	case memory:
		w.press(s)
	case process:
		w.restart(s)
	}
	w.probe(random)
}

// end ends a lasting step.
func (w *world) end(s step, random *rand.Rand) {
	w.mu.Lock()
	w.active--
	w.calm = time.Now()
	delete(w.states, s.layer)
	w.mu.Unlock()
	switch s.layer {
	case endpoint:
		w.imds.Recover()
	case keys:
		w.imds.Issuer().Recover()
	case wall:
		w.setWall(step{})
	}
	w.probe(random)
}

// rotate changes the keys, right after somebody used up the verifier's next search for one. A caller has tokens of the newest
// key from then on.
func (w *world) rotate(s step, random *rand.Rand) {
	w.sendMadeUp(w.life, madeUp(random, 0))
	defer w.busy.Go(w.callWithNewKeys)
	switch s.kind {
	case "rotate":
		w.imds.Issuer().RotateKey()
	case "publish":
		w.imds.Issuer().PublishKey()
	case "withdraw":
		w.imds.Issuer().WithdrawKeys()
	case "rotate and withdraw": // as when a key was stolen: tokens that are out are of no use any more
		w.imds.Issuer().RotateKey()
		w.imds.Issuer().WithdrawKeys()
	case "odd keys":
		for _, key := range oddKeys() {
			w.imds.Issuer().Publish(key)
		}
	}
	w.published(s.kind == "withdraw" || s.kind == "rotate and withdraw")
}

// setWall sets the wall clock as a step has it, the zero step to what it was.
func (w *world) setWall(s step) {
	if s.kind == "back" {
		s.size = -s.size
	}
	w.wall.setAhead(s.size)
}

// restart closes parts of the program and makes them anew, as a deployment does.
func (w *world) restart(s step) {
	w.mu.Lock()
	c, v := w.client, w.verifier
	w.mu.Unlock()
	var err error
	if s.kind != "client" {
		w.closeVerifier(v)
		if s.kind == "verifier without its key file" {
			w.forgetKeys()
		}
		err = w.openVerifier()
	}
	if s.kind == "client" || s.kind == "client and verifier" {
		w.closeClient(c)
		err = cmp.Or(err, w.openClient())
	}
	if err != nil {
		w.report([]finding{{endsCleanly, "a new one could not be made: " + err.Error()}})
	}
}

// stir does what programs do with a client besides calls.
func (w *world) stir(s step, random *rand.Rand) {
	w.mu.Lock()
	c := w.client
	w.mu.Unlock()
	switch s.kind {
	case "stampede", "stampede of cancelled":
		for range s.count {
			r := draw(random)
			if s.kind == "stampede of cancelled" {
				r.cancel = time.Duration(1 + random.Int64N(int64(5*time.Second)))
			}
			w.busy.Go(func() { w.call(r) })
		}
	case "invalidate":
		w.invalidate(c, []string{orders, billing}[random.IntN(2)])
	case "invalidate and hang":
		w.imds.Next(imdstest.Hang())
		w.invalidate(c, billing)
		for _, patience := range []time.Duration{0, time.Second, 2 * time.Second, time.Minute} {
			w.busy.Go(func() { w.call(request{way: byToken, resource: billing, patience: patience}) })
		}
	case "claims":
		w.busy.Go(func() { w.call(request{way: byChallenge, resource: billing, patience: time.Minute}) })
	case "made-up tokens":
		for n := range s.count {
			token := madeUp(random, n)
			w.busy.Go(func() { w.sendMadeUp(w.life, token) })
		}
	case "subscribe":
		w.subscribe(c, random)
	}
}

// invalidate tells the client that the token in hand was rejected.
func (w *world) invalidate(c *client, resource string) {
	ended, cancel := context.WithCancel(context.Background())
	cancel() // a token that is served is returned all the same, and none is asked for
	token, err := c.Token(ended, resource)
	if err != nil {
		return
	}
	w.mu.Lock()
	l := c.ledgers[resource]
	l.use(time.Now())
	if l.value == token.Value() {
		l.refused, l.invalid = true, time.Now()
	}
	w.mu.Unlock()
	c.Invalidate(token)
}

// subscribe subscribes to the tokens of a resource for some days.
func (w *world) subscribe(c *client, random *rand.Rand) {
	stop := c.OnRotate(billing, func(t aztoken.Token) {
		value := t.Value()
		if w.breakage.rotated != nil {
			value = w.breakage.rotated(value)
		}
		now := time.Now()
		w.mu.Lock()
		ends := w.given[value]
		w.tally.rotations++
		w.mu.Unlock()
		for _, f := range useFindings(ends, now, w.slack) {
			w.report([]finding{{tellsRotates, string(f.rule) + ": " + f.what}})
		}
		if leaks(fmt.Sprintf("%v %+v %#v %s", t, t, t, c)) {
			w.report([]finding{{noSecret, "a token that is printed"}})
		}
	})
	lasting := time.Duration(random.Float64() * 3 * float64(w.lifetime))
	w.busy.Go(func() {
		select {
		case <-time.After(lasting):
		case <-w.over:
		}
		stop()
	})
}
