// Agent measures aztoken agent as a process beside a handler of net/http that returns a constant: a
// thousand cold callers at once, and the processor time of a steady load. Run as "go run ./agent"
// in the folder of this module it writes what came of it into README.md.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

const (
	coldCallers = 1000
	// upstreamTime is what Entra takes for a first token; the bare handler takes as long.
	upstreamTime = 500 * time.Millisecond
	coldRounds   = 5

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
	cold, err := measureCold(binary)
	if err != nil {
		return err
	}
	steady, err := measureSteady(binary)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d cold callers at once, upstream answers after %v, median of %d rounds:\n\n", coldCallers, upstreamTime, coldRounds) +
		report.Table([]string{"server", "served", "requests upstream", "p50", "p99", "p99, × bare"}, [][]string{
			coldRow("bare handler", cold.bare, 1), coldRow("aztoken agent", cold.agent, ratio(cold.agent.p99, cold.bare.p99)),
		}) +
		fmt.Sprintf("\n%s requests by %d callers with connections that stay, median of %d rounds:\n\n",
			report.Thousands(steadyRequests), steadyCallers, steadyRounds) +
		report.Table([]string{"server", "processor time for a request", "× bare", "p99", "memory before", "memory after"}, [][]string{
			steadyRow("bare handler", steady.bare, 1),
			steadyRow("aztoken agent", steady.agent, ratio(steady.agent.cpu, steady.bare.cpu)),
		})
	return report.Replace("README.md", "agent", text)
}

func coldRow(name string, c coldResult, times float64) []string {
	return []string{
		name, fmt.Sprint(c.served), fmt.Sprint(c.upstream), fmt.Sprintf("%d ms", c.p50.Milliseconds()), fmt.Sprintf("%d ms", c.p99.Milliseconds()),
		fmt.Sprintf("%.2f", times),
	}
}

func steadyRow(name string, s steadyResult, times float64) []string {
	return []string{
		name, fmt.Sprintf("%.1f µs", float64(s.cpu.Nanoseconds())/1000), fmt.Sprintf("%.2f", times), fmt.Sprintf("%.1f ms", float64(s.p99.Microseconds())/1000),
		fmt.Sprintf("%.1f MiB", s.before), fmt.Sprintf("%.1f MiB", s.after),
	}
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }
