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
)

// coldResult is what a thousand callers met who came at once.
type coldResult struct {
	served, upstream int
	p50, p99         time.Duration
}

type coldPair struct{ bare, agent coldResult }

func measureCold(binary string) (coldPair, error) {
	var bares, agents []coldResult
	for range coldRounds {
		b, err := startBare(upstreamTime)
		if err != nil {
			return coldPair{}, err
		}
		bares = append(bares, atOnce(b, coldCallers))
		b.Stop()
		u, err := startUpstream(upstreamTime)
		if err != nil {
			return coldPair{}, err
		}
		a, err := startAgent(binary, u)
		if err != nil {
			return coldPair{}, err
		}
		r := atOnce(a, coldCallers)
		r.upstream = u.Count()
		agents = append(agents, r)
		a.Stop()
		u.stop()
		if r.served != coldCallers || r.upstream != 1 {
			return coldPair{}, fmt.Errorf("of %d callers %d were served, by %d requests upstream", coldCallers, r.served, r.upstream)
		}
	}
	byP99 := func(r coldResult) time.Duration { return r.p99 }
	return coldPair{load.Median(bares, byP99), load.Median(agents, byP99)}, nil
}

// atOnce sends a request on each of n new connections at the same time.
func atOnce(p *process.Process, n int) coldResult {
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
	return coldResult{served: int(served.Load()), p50: load.Percentile(took, 50), p99: load.Percentile(took, 99)}
}
