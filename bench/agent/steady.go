package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

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
	defer a.stop()
	b, err := startBare(0)
	if err != nil {
		return nil, err
	}
	defer b.stop()
	for range steadyRounds + 1 { // by turns, so that a busy moment of the machine meets both
		var r results.SteadyRound
		if r.Bare, err = load(b); err != nil {
			return nil, err
		}
		if r.Agent, err = load(a); err != nil {
			return nil, err
		}
		rounds = append(rounds, r)
	}
	return rounds[1:], nil // the first warms up
}

// load sends the requests of one round.
func load(p *process) (r results.Steady, err error) {
	if r.Before, err = p.memory(); err != nil {
		return r, err
	}
	start, err := p.cpu()
	if err != nil {
		return r, err
	}
	each := steadyRequests / steadyCallers
	took := make([]time.Duration, steadyRequests)
	failed := make([]error, steadyCallers)
	var all sync.WaitGroup
	for i := range steadyCallers {
		all.Go(func() { failed[i] = callInTurn(p, took[i*each:(i+1)*each]) })
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return r, err
		}
	}
	end, err := p.cpu()
	if err != nil {
		return r, err
	}
	r.CPU, r.P99 = 1000*milliseconds(end-start)/steadyRequests, milliseconds(percentile(took, 99))
	r.After, err = p.memory()
	return r, err
}

// callInTurn sends one request after another on one connection.
func callInTurn(p *process, took []time.Duration) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for i := range took {
		start := time.Now()
		resp, err := transport.RoundTrip(p.request())
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s (%w)", resp.Status, err)
		}
		took[i] = time.Since(start)
	}
	return nil
}

// tick is the unit of the processor time in /proc.
const tick = 10 * time.Millisecond

// cpu returns the processor time that the server has had.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("the processor time of a server is read on Linux: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before may have blanks
	fields := strings.Fields(rest)
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, err
}

// memory returns the resident memory of the server in MiB.
func (p *process) memory() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	return float64(pages*os.Getpagesize()) / (1 << 20), err
}
