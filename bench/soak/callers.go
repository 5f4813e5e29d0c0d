package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// callsALife is how many calls a lifetime has besides those around steps and ends: one in a quarter of an hour.
	callsALife = 96
	// inTheDark is how often a caller tries who has no token.
	inTheDark = 10 * time.Minute
)

// callSteadily makes calls at all times. When they are is a function of the seed: none waits for the one before.
func (w *world) callSteadily() {
	random := rand.New(rand.NewPCG(w.seed, 1<<32))
	for next := time.Duration(0); ; {
		next += time.Duration(2 * random.Float64() * float64(w.lifetime/callsALife))
		r := draw(random)
		if random.IntN(2*callsALife) == 0 { // about every other life
			r.way, r.resource = byToken, archive
		}
		select {
		case <-time.After(time.Until(w.start.Add(next))):
		case <-w.over:
			return
		}
		w.busy.Go(func() { w.call(r) })
	}
}

// callAtEnds makes calls around the end of the token in hand, to the millisecond, and many while there is none.
func (w *world) callAtEnds() {
	random := rand.New(rand.NewPCG(w.seed, 2<<32))
	around := []time.Duration{-skew - time.Millisecond, -skew, -time.Second, 0, time.Second}
	for {
		now := time.Now()
		w.mu.Lock()
		end := w.client.ledgers[orders].end
		w.mu.Unlock()
		wait := inTheDark
		for _, a := range around {
			if at := end.Add(a); at.After(now) {
				wait = min(at.Sub(now), w.lifetime/96)
				break
			}
		}
		select {
		case <-time.After(wait):
		case <-w.over:
			return
		}
		if time.Until(end) < 3*time.Second {
			r := draw(random)
			r.resource, r.atEnd = orders, true
			w.busy.Go(func() { w.call(r) })
		}
	}
}

// callWithNewKeys calls the service with tokens that are signed by the newest key, of which the verifier may not know.
func (w *world) callWithNewKeys() {
	for _, pause := range []time.Duration{0, time.Minute, searchEvery, 20 * time.Minute} {
		select {
		case <-time.After(pause):
		case <-w.over:
			return
		}
		r, err := http.NewRequestWithContext(w.life, http.MethodGet, orders, nil)
		if err != nil {
			panic(err) // of a constant
		}
		token := w.imds.Mint(orders)
		r.Header.Set("Authorization", "Bearer "+token)
		if resp, err := w.atService(r, token); err == nil {
			_ = resp.Body.Close()
		}
	}
}

// probe makes calls from now on that show what a step has changed.
func (w *world) probe(random *rand.Rand) {
	for _, after := range []time.Duration{0, time.Second, 7 * time.Second, 30 * time.Second, 5*time.Minute + 11*time.Second} {
		r := draw(random)
		w.busy.Go(func() {
			select {
			case <-time.After(after):
				w.call(r)
				w.lookAtStatus()
			case <-w.over:
			}
		})
	}
}

// lookAtStatus looks for secrets in what the client says of itself.
func (w *world) lookAtStatus() {
	w.mu.Lock()
	c := w.client
	w.mu.Unlock()
	text, err := json.Marshal(c.Status())
	if err != nil || leaks(string(text)) || leaks(fmt.Sprintf("%v %+v %#v", c.Status(), c.Client, c.Client)) {
		w.report([]finding{{noSecret, fmt.Sprintf("a status (%v)", err)}})
	}
}

// madeUp is a token of the right form that nobody signed.
func madeUp(random *rand.Rand, n int) string {
	encode := base64.RawURLEncoding.EncodeToString
	header := fmt.Sprintf(`{"typ":"JWT","alg":"RS256","kid":"made-up-%d"}`, n)
	signature := make([]byte, 256)
	for i := range signature {
		signature[i] = byte(random.Uint32())
	}
	return encode([]byte(header)) + "." + encode([]byte(`{"aud":"`+orders+`"}`)) + "." + encode(signature)
}
