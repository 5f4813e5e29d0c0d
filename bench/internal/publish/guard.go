package publish

import (
	"fmt"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func guard(g results.Guard) publication {
	share := func(of, by results.GuardTarget, figure func(results.GuardRound) float64) string {
		if of.Name == by.Name {
			return "1"
		}
		e := results.MedianOf(of, by, figure)
		return report.Rounded(e.Median, e.Low, e.High)
	}
	p50 := func(r results.GuardRound) float64 { return r.P50 }
	p99 := func(r results.GuardRound) float64 { return r.P99 }
	var direct, proxied [][]string
	for _, t := range g.Direct {
		direct = append(direct, []string{
			t.Name, median(t.Rounds, results.GuardRound.Time) + " µs", share(t, g.Direct[0], results.GuardRound.Time),
			median(t.Rounds, results.GuardRound.Speed), share(t, g.Direct[0], results.GuardRound.Speed), median(t.Rounds, p99) + " ms",
		})
	}
	for _, t := range g.Proxied {
		cpu := ""
		if t.Counted {
			cpu = median(t.Rounds, results.GuardRound.Time) + " µs"
		}
		proxied = append(proxied, []string{
			t.Name, median(t.Rounds, results.GuardRound.Speed), share(t, g.Proxied[0], results.GuardRound.Speed),
			median(t.Rounds, p50) + " ms", median(t.Rounds, p99) + " ms", cpu,
		})
	}
	text := fmt.Sprintf("Asked directly, %s requests by %d callers with connections that stay, median of %d rounds:\n\n%s",
		groups(g.Requests), g.Callers, len(g.Direct[0].Rounds),
		report.Table([]string{"neighbour", "processor time for a request", "× bare", "requests a second", "× bare", "p99"}, direct)) +
		fmt.Sprintf("\nBy nginx, %s requests by %d callers, median of %d rounds:\n\n%s",
			groups(g.Requests), g.Callers, len(g.Proxied[0].Rounds),
			report.Table([]string{"nginx asks", "requests a second", "× without a neighbour", "p50", "p99", "processor time of the neighbour for a request"}, proxied)) +
		fmt.Sprintf("\noauth2-proxy %s, nginx %s, %s.\n", g.OAuth2Proxy, g.Nginx, g.Machine)
	return publication{sections: []section{{"README.md", "guard", text}}}
}
