package main

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
)

// A cell has the runs of one library through outages of one kind and length, one run for each
// start.
type cell struct {
	library peers.Library
	kind    kind
	length  time.Duration
	runs    []run
}

// grid returns the cells for all combinations.
func grid(libraries []peers.Library, kinds []kind, lengths []time.Duration) []cell {
	var cells []cell
	for _, l := range libraries {
		for _, k := range kinds {
			for _, length := range lengths {
				cells = append(cells, cell{library: l, kind: k, length: length})
			}
		}
	}
	return cells
}

// fill runs the cells, with one run for every step-th start, and reports whether it succeeded.
func fill(t *testing.T, cells []cell, step int) bool {
	type job struct {
		library  peers.Library
		scenario scenario
		into     *run
	}
	var jobs []job
	for i := range cells {
		c := &cells[i]
		starts := scenarios(c.kind, c.length, step)
		c.runs = make([]run, len(starts))
		for n, s := range starts {
			jobs = append(jobs, job{c.library, s, &c.runs[n]})
		}
	}
	return inFastMotion(t, len(jobs), func(t *testing.T, i int, resource string) {
		*jobs[i].into = jobs[i].scenario.live(t, jobs[i].library, resource)
	})
}

// unharmed returns the number of starts at which the outage does no harm.
func (c cell) unharmed() int {
	n := 0
	for _, r := range c.runs {
		if r.harm() == 0 {
			n++
		}
	}
	return n
}

// worst returns the run with the most harm, the latest if there are several.
func (c cell) worst() run {
	return slices.MaxFunc(c.runs, func(a, b run) int {
		return cmp.Or(cmp.Compare(a.harm(), b.harm()), cmp.Compare(a.scenario.hour, b.scenario.hour))
	})
}

func (c cell) mostFailed() int  { return most(c, func(r run) int { return r.count(failed) }) }
func (c cell) mostExpired() int { return most(c, func(r run) int { return r.count(expired) }) }

// all returns the number of calls in all runs that had the given outcome.
func (c cell) all(o outcome) (n int) {
	for _, r := range c.runs {
		n += r.count(o)
	}
	return n
}

func (c cell) longestWait() time.Duration {
	return most(c, func(r run) time.Duration { return r.waited })
}

func (c cell) longestIdle() time.Duration {
	return most(c, func(r run) time.Duration { return r.idled })
}

func (c cell) mostRequests() int { return most(c, func(r run) int { return r.requests }) }

func (c cell) meanRequests() float64 {
	sum := 0
	for _, r := range c.runs {
		sum += r.requests
	}
	return float64(sum) / float64(len(c.runs))
}

func most[T int | time.Duration](c cell, of func(run) T) T {
	var m T
	for _, r := range c.runs {
		m = max(m, of(r))
	}
	return m
}
