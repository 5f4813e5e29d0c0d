// Guard measures the aztoken guard process against a net/http handler that returns 200: called
// directly, and called by nginx before each request to a service. Behind nginx it is also compared
// with oauth2-proxy. Run it as "go run ./guard" in the folder of this module. It saves the results
// in results/guard.json and writes them into README.md. It needs nginx.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/process"
	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

const (
	requests = 8_000 // per round
	callers  = 16
	rounds   = 20

	// promise is the most that a check may cost the guard, as a multiple of the bare handler's
	// cost.
	promise = 1.3
)

func main() {
	process.ServeBare(bare)
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bare is the least that a neighbour can do. It is also the service behind nginx.
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
	r := results.Guard{
		Machine: measure.Machine(), OAuth2Proxy: oauth2ProxyVersion, Nginx: nginxVersion(ctx), Requests: requests, Callers: callers,
		Direct: direct, Proxied: proxied,
	}
	if err := errors.Join(results.Save(".", "guard", r), publish.Write(".")); err != nil {
		return err
	}
	if share := results.MedianOf(direct[1], direct[0], results.GuardRound.Time).Median; share > promise {
		return fmt.Errorf("a question costs the guard %.2f times what it costs a bare handler, and %.2f is the promise", share, promise)
	}
	return nil
}
