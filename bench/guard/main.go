// Guard measures aztoken guard as a process beside a handler of net/http that returns 200: asked
// directly, and by nginx before each request to a service, where oauth2-proxy is its peer. Run as
// "go run ./guard" in the folder of this module it writes what came of it into README.md. It needs
// nginx.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

const (
	requests = 8_000 // in a round
	callers  = 16
	rounds   = 20

	// promise is what a question may cost the guard at most, times the bare handler.
	promise = 1.3
)

func main() {
	process.ServeBare(bare)
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bare is the least that a neighbour can do, and the service behind nginx.
func bare() http.Handler { return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) }

func run(ctx context.Context) error {
	entra, err := startEntra()
	if err != nil {
		return err
	}
	defer entra.stop()
	neighbours, stop, err := startNeighbours(ctx, entra)
	defer stop()
	if err != nil {
		return err
	}
	direct, err := measureRounds(directly(neighbours, entra.token()))
	if err != nil {
		return err
	}
	sites, stopSites, err := startSites(neighbours, entra.token())
	defer stopSites()
	if err != nil {
		return err
	}
	proxied, err := measureRounds(sites)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Asked directly, %s requests by %d callers with connections that stay, in each of %d rounds:\n\n", report.Thousands(requests), callers, rounds) +
		report.Table([]string{"neighbour", "processor time for a request", "× bare", "requests a second", "× bare", "p99"}, directRows(direct)) +
		fmt.Sprintf("\nBy nginx, %s requests by %d callers in each of %d rounds:\n\n", report.Thousands(requests), callers, rounds) +
		report.Table([]string{"nginx asks", "requests a second", "× without a neighbour", "p50", "p99", "processor time of the neighbour for a request"}, proxiedRows(proxied)) +
		fmt.Sprintf("\noauth2-proxy %s, nginx %s, %s.\n", oauth2ProxyVersion, nginxVersion(ctx), measure.Machine())
	if err := report.Replace("README.md", "guard", text); err != nil {
		return err
	}
	if share := float64(direct[1].cpu) / float64(direct[0].cpu); share > promise {
		return fmt.Errorf("a question costs the guard %.2f times what it costs a bare handler, and %.2f is the promise", share, promise)
	}
	return nil
}

func directRows(results []result) (rows [][]string) {
	bare := results[0]
	for _, r := range results {
		rows = append(rows, []string{
			r.name, microseconds(r.cpu), fmt.Sprintf("%.2f", float64(r.cpu)/float64(bare.cpu)),
			report.Thousands(r.rate), fmt.Sprintf("%.2f", r.rateTimes), milliseconds(r.p99),
		})
	}
	return rows
}

func proxiedRows(results []result) (rows [][]string) {
	for _, r := range results {
		cpu := ""
		if r.cpu > 0 {
			cpu = microseconds(r.cpu)
		}
		rows = append(rows, []string{
			r.name, report.Thousands(r.rate), fmt.Sprintf("%.2f", r.rateTimes), milliseconds(r.p50), milliseconds(r.p99), cpu,
		})
	}
	return rows
}

func microseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d.Nanoseconds())/1e3)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1e3)
}
