// Agent measures the aztoken agent process against a net/http handler that returns a constant: a
// thousand cold callers at once, and the CPU time of a steady load. Run it as "go run ./agent" in
// the folder of this module. It saves the results in results/agent.json and writes them into
// README.md.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

const (
	coldCallers = 1000
	// upstreamTime is what Entra takes for a first token; the bare handler takes as long.
	upstreamTime = 500 * time.Millisecond
	coldRounds   = 7 // fewer rounds give no 95 % interval

	steadyRequests = 40_000
	steadyCallers  = 16
	steadyRounds   = 7
)

func main() {
	process.ServeBare(bare)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	binary, remove, err := process.Command()
	if err != nil {
		return err
	}
	defer remove()
	if err := os.WriteFile(headerFile(binary), []byte(secret), 0o600); err != nil {
		return err
	}
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
