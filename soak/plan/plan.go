// Package plan turns a seed into the steps of a run: what breaks, when and for how long. It is
// pure. A seed makes the same plan on every machine, and a step carries everything that is needed
// to carry it out.
package plan

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

const (
	// QuietEvery and quietFor are in lifetimes of a token: at the end of every thirty, nothing
	// happens for four. What a program costs on quiet days shows only then.
	QuietEvery, quietFor = 30, 4

	secondsOfDay = 86400
)

// New returns the steps of a run of span with tokens of lifetime, in order. Each course draws
// random numbers of its own, so that one more kind of step in one of them leaves the others as they
// were.
func New(seed uint64, span, lifetime time.Duration, courses []Course) []Step {
	var all []Step
	for i, c := range courses {
		all = append(all, c.steps(rand.New(rand.NewPCG(seed, uint64(i))), span, lifetime)...)
	}
	slices.SortStableFunc(all, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
	return all
}

// Script returns the steps as text, one a line.
func Script(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		b.WriteString(s.String() + "\n")
	}
	return b.String()
}

// steps draws the steps of one course. The order in which it draws is part of what a seed means.
func (c Course) steps(random *rand.Rand, span, lifetime time.Duration) (all []Step) {
	for at := time.Duration(0); ; {
		at += time.Duration(random.ExpFloat64() * c.every * float64(lifetime))
		kind := c.kinds[random.IntN(len(c.kinds))]
		var lasting time.Duration
		if c.longest > 0 {
			lasting = logUniform(random, lifetime/secondsOfDay, time.Duration(c.longest*float64(lifetime)))
		}
		size := logUniform(random, lifetime/secondsOfDay, lifetime/24)
		if c.size != nil {
			low, high := c.size(lifetime)
			size = logUniform(random, low, high)
		}
		count := int(logUniform(random, 5, 300))
		if at >= span {
			return all
		}
		calm, over := quiet(at, lifetime)
		if at >= calm {
			at = over
			continue
		}
		if lasting > 0 {
			lasting = min(lasting, calm-at, span-at)
		}
		if kind.costly {
			lasting = min(lasting, lifetime/100)
		}
		all = append(all, kind.step(c.Layer, at, lasting, size, count))
		at += lasting
	}
}

// quiet returns when the quiet time of the stretch that contains at begins and ends.
func quiet(at, lifetime time.Duration) (begin, end time.Duration) {
	end = (at/(QuietEvery*lifetime) + 1) * QuietEvery * lifetime
	return end - quietFor*lifetime, end
}

// logUniform draws from low to high so that each order of magnitude is as likely as any other.
func logUniform(random *rand.Rand, low, high time.Duration) time.Duration {
	l, h := math.Log(float64(low)), math.Log(float64(high))
	return time.Duration(math.Exp(l + random.Float64()*(h-l)))
}
