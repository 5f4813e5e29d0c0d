package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/load"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
)

// target is what a load is sent to.
type target struct {
	name    string
	request func() *http.Request
	counted *process.Process // whose processor time is read; nil: nobody's
}

// result is what came of the loads of a target.
type result struct {
	name     string
	rate     float64       // requests in a second, the median of the rounds
	cpu      time.Duration // for one request, the mean of all: it is read in steps of 10 ms
	p50, p99 time.Duration // the medians of the rounds

	rateTimes float64 // the rate by that of the first target, the median of the rounds
}

// round is what came of one load.
type round struct {
	rate     float64
	cpu      time.Duration // for all requests
	p50, p99 time.Duration
}

// measureRounds sends loads to each target by turns, so that a busy moment of the machine meets all
// of them.
func measureRounds(targets []target) ([]result, error) {
	all := make([][]round, len(targets))
	for n := range rounds + 1 {
		for i, t := range targets {
			r, err := measureOnce(t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if n > 0 { // the first warms up
				all[i] = append(all[i], r)
			}
		}
	}
	results := make([]result, len(targets))
	for i, rounds := range all {
		var cpu time.Duration
		var times []float64
		for n, r := range rounds {
			cpu += r.cpu
			times = append(times, r.rate/all[0][n].rate)
		}
		results[i] = result{
			name: targets[i].name, cpu: cpu / time.Duration(len(rounds)*requests), rateTimes: median(times),
			rate: median(each(rounds, func(r round) float64 { return r.rate })),
			p50:  median(each(rounds, func(r round) time.Duration { return r.p50 })),
			p99:  median(each(rounds, func(r round) time.Duration { return r.p99 })),
		}
	}
	return results, nil
}

func each[T any](rounds []round, of func(round) T) (all []T) {
	for _, r := range rounds {
		all = append(all, of(r))
	}
	return all
}

// median returns the middle one of all, which it sorts.
func median[T cmp.Ordered](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

func measureOnce(t target) (round, error) {
	before, err := cpu(t.counted)
	if err != nil {
		return round{}, err
	}
	start := time.Now()
	took, err := load.Steady(requests, callers, t.request)
	if err != nil {
		return round{}, err
	}
	elapsed := time.Since(start)
	after, err := cpu(t.counted)
	if err != nil {
		return round{}, err
	}
	return round{
		rate: float64(len(took)) / elapsed.Seconds(), cpu: after - before,
		p50: load.Percentile(took, 50), p99: load.Percentile(took, 99),
	}, nil
}

func cpu(p *process.Process) (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	return p.CPU()
}
