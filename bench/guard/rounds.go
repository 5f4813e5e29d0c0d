package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/load"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// target is where a load is sent.
type target struct {
	name    string
	request func() *http.Request
	counted *process.Process // the process whose CPU time is read; nil for none
}

// measureRounds alternates between the targets, so that a busy moment of the machine affects all of
// them.
func measureRounds(targets []target) ([]results.GuardTarget, error) {
	all := make([]results.GuardTarget, len(targets))
	for n := range rounds + 1 {
		for i, t := range targets {
			r, err := measureOnce(t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", t.name, err)
			}
			all[i].Name, all[i].Counted = t.name, t.counted != nil
			if n > 0 { // the first round is a warm-up
				all[i].Rounds = append(all[i].Rounds, r)
			}
		}
	}
	return all, nil
}

func measureOnce(t target) (results.GuardRound, error) {
	before, err := cpu(t.counted)
	if err != nil {
		return results.GuardRound{}, err
	}
	start := time.Now()
	took, err := load.Steady(requests, callers, t.request)
	if err != nil {
		return results.GuardRound{}, err
	}
	elapsed := time.Since(start)
	after, err := cpu(t.counted)
	if err != nil {
		return results.GuardRound{}, err
	}
	return results.GuardRound{
		Rate: float64(len(took)) / elapsed.Seconds(), CPU: 1000 * load.Milliseconds(after-before) / float64(len(took)),
		P50: load.Milliseconds(load.Percentile(took, 50)), P99: load.Milliseconds(load.Percentile(took, 99)),
	}, nil
}

func cpu(p *process.Process) (time.Duration, error) {
	if p == nil {
		return 0, nil
	}
	return p.CPU()
}
