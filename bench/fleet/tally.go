package main

import (
	"slices"
	"time"
)

// tally has the counts for a fleet. Rates are requests per second.
type tally struct {
	fleet fleet
	// perWindow are the requests in each window of the span, failed ones included.
	perWindow []int
	// failed are the requests that failed because of the outage.
	failed int
	// without counts the instances with a gap between two tokens, and longest is the longest gap.
	without int
	longest time.Duration
	// fresh is how long after the end of the outage the last of those that failed in it had a new
	// token.
	fresh time.Duration
}

func newTally(f fleet) *tally {
	return &tally{fleet: f, perWindow: make([]int, span/f.window)}
}

// request counts a request at the time at.
func (t *tally) request(at time.Duration) {
	if at >= 0 && at < span {
		t.perWindow[at/t.fleet.window]++
	}
	if t.fleet.scenario.outage.covers(at) {
		t.failed++
	}
}

// renewed counts a token that arrived at the time at, after the given number of failures, and
// replaced one that was usable until end.
func (t *tally) renewed(at, end time.Duration, failures int) {
	if gap := at - end; gap > 0 {
		t.without++
		t.longest = max(t.longest, gap)
	}
	if failures > 0 {
		t.fresh = max(t.fresh, at-t.fleet.scenario.outage.end())
	}
}

// add adds the counts of o, which are for other instances of the same fleet.
func (t *tally) add(o *tally) {
	for i, n := range o.perWindow {
		t.perWindow[i] += n
	}
	t.failed += o.failed
	t.without += o.without
	t.longest = max(t.longest, o.longest)
	t.fresh = max(t.fresh, o.fresh)
}

// mean returns the fleet's steady-state rate.
func (t *tally) mean() float64 {
	who := float64(t.fleet.instances)
	if t.fleet.strategy.shares {
		who /= portion
	}
	return who / t.fleet.strategy.interval().Seconds()
}

// peak returns the rate in the window with the most requests. The requests of the simultaneous
// start do not count, because they do not depend on the schedule.
func (t *tally) peak() float64 {
	return float64(t.perWindow[t.peakWindow()]) / t.fleet.window.Seconds()
}

// peakAt returns the time of the peak.
func (t *tally) peakAt() time.Duration { return time.Duration(t.peakWindow()) * t.fleet.window }

func (t *tally) peakWindow() int {
	first := 0
	if t.fleet.scenario.together {
		first = int((startWithin + t.fleet.window - 1) / t.fleet.window)
	}
	counts := t.perWindow[first:]
	return first + slices.Index(counts, slices.Max(counts))
}

func (t *tally) peakOverMean() float64 { return t.peak() / t.mean() }

// tries returns the number of requests per instance and hour of the outage.
func (t *tally) tries() float64 {
	return float64(t.failed) / float64(t.fleet.instances) / t.fleet.scenario.outage.length.Hours()
}
