// Agent measures aztoken agent as a process beside a handler of net/http that returns a constant: a
// thousand cold callers at once, and the processor time of a steady load. Run as "go run ./agent"
// in the folder of this module it keeps what came of it in results/agent.json and writes it into README.md.
package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

const (
	coldCallers = 1000
	// upstreamTime is what Entra takes for a first token; the bare handler takes as long.
	upstreamTime = 500 * time.Millisecond
	coldRounds   = 7 // fewer have no 95 % interval

	steadyRequests = 40_000
	steadyCallers  = 16
	steadyRounds   = 7
)

func main() {
	if os.Getenv(bareVariable) != "" {
		bare()
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	binary, remove, err := build()
	if err != nil {
		return err
	}
	defer remove()
	r := results.Agent{
		Machine: measure.Machine(), Callers: coldCallers, Upstream: upstreamTime.String(), Requests: steadyRequests, Steadily: steadyCallers,
	}
	if r.Cold, err = measureCold(binary); err != nil {
		return err
	}
	if r.Steady, err = measureSteady(binary); err != nil {
		return err
	}
	if err := results.Save(".", "agent", r); err != nil {
		return err
	}
	return publish.Write(".")
}

// percentile returns that of durations, which it sorts.
func percentile(all []time.Duration, p int) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*p/100)]
}

// milliseconds are how results have times.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
