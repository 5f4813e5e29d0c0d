package main

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/load"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func measureCold(binary string) (rounds []results.ColdRound, err error) {
	for range coldRounds {
		var r results.ColdRound
		b, err := startBare(upstreamTime)
		if err != nil {
			return nil, err
		}
		r.Bare = atOnce(b, coldCallers)
		b.Stop()
		u, err := startUpstream(upstreamTime)
		if err != nil {
			return nil, err
		}
		a, err := startAgent(binary, u)
		if err != nil {
			return nil, err
		}
		r.Agent = atOnce(a, coldCallers)
		r.Requests = u.Count()
		a.Stop()
		u.stop()
		if r.Agent.Served != coldCallers || r.Requests != 1 {
			return nil, fmt.Errorf("of %d callers %d were served, by %d requests upstream", coldCallers, r.Agent.Served, r.Requests)
		}
		rounds = append(rounds, r)
	}
	return rounds, nil
}

// atOnce sends a request on each of n new connections at the same time.
func atOnce(p *process.Process, n int) results.Cold {
	var (
		served atomic.Int64
		all    sync.WaitGroup
		begin  = make(chan struct{})
		took   = make([]time.Duration, n)
	)
	for i := range n {
		all.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			r := request(p)
			<-begin
			start := time.Now()
			resp, err := transport.RoundTrip(r)
			if err != nil {
				return
			}
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			took[i] = time.Since(start)
			if err == nil && resp.StatusCode == http.StatusOK {
				served.Add(1)
			}
		})
	}
	close(begin)
	all.Wait()
	return results.Cold{
		Served: int(served.Load()), P50: load.Milliseconds(load.Percentile(took, 50)), P99: load.Milliseconds(load.Percentile(took, 99)),
	}
}
