package main

import (
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/load"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
)

// steadyResult is what a load costs a server.
type steadyResult struct {
	cpu           time.Duration // for one request
	p99           time.Duration
	before, after float64 // resident memory in MiB
}

type steadyPair struct{ bare, agent steadyResult }

func measureSteady(binary string) (steadyPair, error) {
	u, err := startUpstream(0)
	if err != nil {
		return steadyPair{}, err
	}
	defer u.stop()
	a, err := startAgent(binary, u)
	if err != nil {
		return steadyPair{}, err
	}
	defer a.Stop()
	b, err := startBare(0)
	if err != nil {
		return steadyPair{}, err
	}
	defer b.Stop()
	var bares, agents []steadyResult
	for round := range steadyRounds + 1 { // by turns, so that a busy moment of the machine meets both
		for _, of := range []struct {
			p   *process.Process
			all *[]steadyResult
		}{{b, &bares}, {a, &agents}} {
			r, err := measureLoad(of.p)
			if err != nil {
				return steadyPair{}, err
			}
			if round > 0 { // the first warms up
				*of.all = append(*of.all, r)
			}
		}
	}
	first, last := agents[0].before, agents[len(agents)-1].after
	byCPU := func(r steadyResult) time.Duration { return r.cpu }
	pair := steadyPair{load.Median(bares, byCPU), load.Median(agents, byCPU)}
	pair.agent.before, pair.agent.after = first, last
	return pair, nil
}

// measureLoad sends the requests of one round.
func measureLoad(p *process.Process) (r steadyResult, err error) {
	if r.before, err = p.Memory(); err != nil {
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
	r.cpu, r.p99 = (end-start)/steadyRequests, load.Percentile(took, 99)
	r.after, err = p.Memory()
	return r, err
}
