package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// layer is the part of the world that a step breaks or stirs.
type layer string

const (
	endpoint layer = "endpoint" // what the identity endpoint answers
	wire     layer = "wire"     // the connection from the client to the endpoint
	clock    layer = "clock"    // how far the endpoint's clock and the client's are apart
	wall     layer = "wall"     // what the wall clock of the machine says, in real time only
	keys     layer = "keys"     // what Entra answers about its keys
	rotation layer = "rotation" // which keys there are
	service  layer = "service"  // the service that is called, and the connection to it
	callers  layer = "callers"  // what the program does with its client
	memory   layer = "memory"   // how much of it there is
	process  layer = "process"  // clients and verifiers that are closed and made anew
)

// step is one thing that happens to the world.
type step struct {
	at      time.Duration // since the start
	lasting time.Duration // 0: it is done in a moment
	layer   layer
	kind    string
	size    time.Duration // a latency, a Retry-After, the error of a clock
	count   int           // of callers, tokens or pieces of garbage
}

func (s step) String() string {
	return fmt.Sprintf("%v %s %s for %v (size %v, count %d)", s.at, s.layer, s.kind, s.lasting, s.size, s.count)
}

// course is how steps of one layer follow each other. Its times are in lifetimes of a token, so that a plan for tokens of
// three minutes has the shape of one for tokens of a day.
type course struct {
	layer   layer
	every   float64 // the mean pause between two steps
	longest float64 // the longest step; 0: they are done in a moment
	kinds   []string
}

// The longest are chosen to go beyond what each end can bear: an outage of the endpoint beyond a whole life, one of the
// keys beyond the day for which they serve.
var courses = []course{
	{endpoint, 1.5, 1.5, []string{
		"200 not JSON", "200 truncated", "200 huge", "302", "400", "400 that quotes a token", "401", "403", "404", "405", "408", "410", "429",
		"429 with Retry-After", "500", "502", "503", "503 with Retry-After", "hang", "refused", "dropped", "closed", "slow", "slow body",
		"Entra down", "Entra down with Retry-After",
	}},
	{wire, 2, 0.25, []string{"latency", "reset", "half-open"}},
	{clock, 3, 2, []string{"endpoint ahead", "endpoint behind"}},
	{keys, 5, 1.3, []string{
		"200 not JSON", "200 no keys", "200 truncated", "200 huge", "302", "404", "429 with Retry-After", "500", "503", "hang", "refused",
		"dropped", "closed", "slow", "slow body", "503 for keys only", "hang for discovery only",
	}},
	{rotation, 6, 0, []string{"rotate", "publish", "withdraw", "rotate and withdraw", "odd keys"}},
	{service, 1, 0.125, []string{"latency", "reset", "half-open", "503", "401", "401 with claims", "401 for another scheme"}},
	{callers, 0.4, 0, []string{"stampede", "stampede of cancelled", "invalidate", "invalidate and hang", "claims", "made-up tokens", "subscribe"}},
	{memory, 8, 0, []string{"garbage", "tight limit"}},
	{process, 5, 0, []string{"client", "verifier", "verifier without its key file", "client and verifier"}},
}

// inReal are the courses of a run in real time: with steps of the wall clock, as in virtual time there is one clock only, and
// eight times as dense, as there is no time for long pauses.
func inReal() []course {
	all := append(slices.Clone(courses), course{wall, 4, 0.5, []string{"ahead", "back"}})
	for i := range all {
		all[i].every /= 8
	}
	return all
}

// mostStep keeps a step of the wall clock within what verifiers bear of a token that is not valid yet.
const mostStep = 4 * time.Minute

const (
	// Every thirtieth to its end nothing happens for four lifetimes: what a program costs on quiet days shows only there.
	quietEvery, quietFor = 30, 4
	secondsOfDay         = 86400
)

// plan is what happens in a run: a pure function of its arguments. Each layer has random numbers of its own, so that a kind
// more in one of them leaves the others as they are.
func plan(seed uint64, span, lifetime time.Duration, by []course) []step {
	var all []step
	for i, c := range by {
		all = append(all, c.steps(rand.New(rand.NewPCG(seed, uint64(i))), span, lifetime)...)
	}
	slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	return all
}

func (c course) steps(random *rand.Rand, span, lifetime time.Duration) (all []step) {
	unit := float64(lifetime)
	for at := time.Duration(0); ; {
		at += time.Duration(random.ExpFloat64() * c.every * unit)
		s := step{at: at, layer: c.layer, kind: c.kinds[random.IntN(len(c.kinds))]}
		if c.longest > 0 {
			s.lasting = logUniform(random, lifetime/secondsOfDay, time.Duration(c.longest*unit))
		}
		s.size = logUniform(random, lifetime/secondsOfDay, lifetime/24)
		switch c.layer {
		case clock:
			s.size = logUniform(random, lifetime/secondsOfDay, lifetime)
		case wall:
			s.size = logUniform(random, min(time.Second, lifetime), min(mostStep, 2*lifetime))
		}
		s.count = int(logUniform(random, 5, 300))
		if at >= span {
			return all
		}
		calm, over := quiet(at, lifetime)
		if at >= calm {
			at = over
			continue
		}
		if s.lasting > 0 {
			s.lasting = min(s.lasting, calm-at, span-at)
		}
		if s.kind == "200 huge" {
			s.lasting = min(s.lasting, lifetime/100) // a MiB for each request is work for this machine and tells nothing more
		}
		at += s.lasting
		// Rounded, as the last bit of a logarithm is not the same on every processor.
		s.at, s.lasting, s.size = s.at.Truncate(time.Microsecond), s.lasting.Truncate(time.Microsecond), s.size.Truncate(time.Microsecond)
		all = append(all, s)
	}
}

// quiet is when the quiet time of the stretch that at is in begins and ends.
func quiet(at, lifetime time.Duration) (begin, end time.Duration) {
	end = (at/(quietEvery*lifetime) + 1) * quietEvery * lifetime
	return end - quietFor*lifetime, end
}

// logUniform draws from low to high so that each order of magnitude is as likely as any other.
func logUniform(random *rand.Rand, low, high time.Duration) time.Duration {
	l, h := math.Log(float64(low)), math.Log(float64(high))
	return time.Duration(math.Exp(l + random.Float64()*(h-l)))
}

// script writes a plan down, for people and to compare.
func script(steps []step) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.String() + "\n")
	}
	return b.String()
}
