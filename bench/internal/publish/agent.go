package publish

import (
	"fmt"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func agent(a results.Agent) publication {
	coldRow := func(name, requests string, of func(results.ColdRound) results.Cold) []string {
		served := a.Callers
		for _, r := range a.Cold {
			served = min(served, of(r).Served)
		}
		return []string{
			name, fmt.Sprint(served), requests,
			median(a.Cold, func(r results.ColdRound) float64 { return of(r).P50 }) + " ms",
			median(a.Cold, func(r results.ColdRound) float64 { return of(r).P99 }) + " ms",
			median(a.Cold, func(r results.ColdRound) float64 { return of(r).P99 / r.Bare.P99 }),
		}
	}
	steadyRow := func(name string, of func(results.SteadyRound) results.Steady) []string {
		first, last := of(a.Steady[0]), of(a.Steady[len(a.Steady)-1])
		return []string{
			name,
			median(a.Steady, func(r results.SteadyRound) float64 { return of(r).CPU }) + " µs",
			median(a.Steady, func(r results.SteadyRound) float64 { return of(r).CPU / r.Bare.CPU }),
			median(a.Steady, func(r results.SteadyRound) float64 { return of(r).P99 }) + " ms",
			fmt.Sprintf("%.1f MiB", first.Before), fmt.Sprintf("%.1f MiB", last.After),
		}
	}
	most := 0
	for _, r := range a.Cold {
		most = max(most, r.Requests)
	}
	text := fmt.Sprintf("%s cold callers at once, upstream answers after %s, median of %d rounds:\n\n", groups(a.Callers), a.Upstream, len(a.Cold)) +
		report.Table([]string{"server", "served", "requests upstream", "p50", "p99", "p99, × bare"}, [][]string{
			coldRow("bare handler", "0", func(r results.ColdRound) results.Cold { return r.Bare }),
			coldRow("aztoken agent", fmt.Sprint(most), func(r results.ColdRound) results.Cold { return r.Agent }),
		}) +
		fmt.Sprintf("\n%s requests by %d callers with connections that stay, median of %d rounds:\n\n", groups(a.Requests), a.Steadily, len(a.Steady)) +
		report.Table([]string{"server", "processor time for a request", "× bare", "p99", "memory before", "memory after"}, [][]string{
			steadyRow("bare handler", func(r results.SteadyRound) results.Steady { return r.Bare }),
			steadyRow("aztoken agent", func(r results.SteadyRound) results.Steady { return r.Agent }),
		}) + "\n" + a.Machine + ".\n"
	return publication{sections: []section{{"README.md", "agent", text}}}
}

// median formats the median of a figure over several rounds, rounded according to its interval.
func median[T any](rounds []T, of func(T) float64) string {
	e := results.Median(rounds, of)
	return report.Rounded(e.Median, e.Low, e.High)
}
