package main

import (
	"fmt"
	"net/http"
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

// result is what came of a load.
type result struct {
	name     string
	rate     float64       // requests in a second
	cpu      time.Duration // for one request
	p50, p99 time.Duration
}

// measureRounds sends loads to each target by turns, so that a busy moment of the machine meets all
// of them, and returns the medians.
func measureRounds(targets []target) ([]result, error) {
	all := make([][]result, len(targets))
	for round := range rounds + 1 {
		for i, t := range targets {
			r, err := measureOnce(t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			if round > 0 { // the first warms up
				all[i] = append(all[i], r)
			}
		}
	}
	medians := make([]result, len(targets))
	for i, results := range all {
		medians[i] = result{
			name: targets[i].name,
			rate: load.Median(results, func(r result) time.Duration { return time.Duration(r.rate * 1e3) }).rate,
			cpu:  load.Median(results, func(r result) time.Duration { return r.cpu }).cpu,
			p50:  load.Median(results, func(r result) time.Duration { return r.p50 }).p50,
			p99:  load.Median(results, func(r result) time.Duration { return r.p99 }).p99,
		}
	}
	return medians, nil
}

func measureOnce(t target) (result, error) {
	before, err := cpu(t.counted)
	if err != nil {
		return result{}, err
	}
	start := time.Now()
	took, err := load.Steady(requests, callers, t.request)
	if err != nil {
		return result{}, err
	}
	elapsed := time.Since(start)
	after, err := cpu(t.counted)
	if err != nil {
		return result{}, err
	}
	return result{
		rate: float64(len(took)) / elapsed.Seconds(), cpu: (after - before) / time.Duration(len(took)),
		p50: load.Percentile(took, 50), p99: load.Percentile(took, 99),
	}, nil
}

func cpu(p *process.Process) (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	return p.CPU()
}
