package main

import (
	"net/http"

	"github.com/seed-ac726066/aztoken/bench/internal/load"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func measureSteady(binary string) (rounds []results.SteadyRound, err error) {
	u, err := startUpstream(0)
	if err != nil {
		return nil, err
	}
	defer u.stop()
	a, err := startAgent(binary, u)
	if err != nil {
		return nil, err
	}
	defer a.Stop()
	b, err := startBare(0)
	if err != nil {
		return nil, err
	}
	defer b.Stop()
	for range steadyRounds + 1 { // alternating, so that a busy moment affects both
		var r results.SteadyRound
		if r.Bare, err = measureLoad(b); err != nil {
			return nil, err
		}
		if r.Agent, err = measureLoad(a); err != nil {
			return nil, err
		}
		rounds = append(rounds, r)
	}
	return rounds[1:], nil // the first round is a warm-up
}

// measureLoad sends the requests of one round.
func measureLoad(p *process.Process) (r results.Steady, err error) {
	if r.Before, err = p.Memory(); err != nil {
		return r, err
	}
	start, err := p.CPU()
	if err != nil {
		return r, err
	}
	took, err := load.Steady(steadyRequests, steadyCallers, func() *http.Request { return request(p) })
	if err != nil {
		return r, err
	}
	end, err := p.CPU()
	if err != nil {
		return r, err
	}
	r.CPU, r.P99 = 1000*load.Milliseconds(end-start)/steadyRequests, load.Milliseconds(load.Percentile(took, 99))
	r.After, err = p.Memory()
	return r, err
}
