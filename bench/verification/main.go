// Verification compares package verify with the libraries that a service could check tokens with:
// run as "go run ./verification" in the folder of this module it runs the benchmarks of this
// package, shows every library some tricky tokens, and writes both into README.md and
// verification.svg.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// About a minute and a half.
const (
	rounds    = 10
	benchtime = 200 * time.Millisecond
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	versions, err := measure.Versions(ctx, "github.com/go-jose/go-jose/v4", "github.com/coreos/go-oidc/v3",
		"github.com/golang-jwt/jwt/v5", "github.com/MicahParks/keyfunc/v3", "github.com/lestrrat-go/jwx/v3")
	if err != nil {
		return err
	}
	tricky, err := trickyTable(ctx)
	if err != nil {
		return err
	}
	results, err := measure.Benchmarks(ctx, "./verification", rounds, benchtime)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s\n![times the floor](verification.svg)\n\n%s\n%s. Medians of %d runs, ± the 95 %% interval. %s.\n",
		costs(results), tricky, measure.Machine(), rounds, versions)
	if err := report.Replace("README.md", "verification", text); err != nil {
		return err
	}
	return draw(results)
}

// The benchmarks besides those that are called as their library.
const (
	rsaStep      = "rsa.VerifyPKCS1v15"
	stdlib       = "standard library by hand"
	firstTime    = "aztoken verify, first time"
	remembered   = "aztoken verify, remembered"
	badSignature = "aztoken verify, a bad signature"
)

// ways returns the benchmarks in the order of the table; the first is the floor.
func ways() []string {
	names := []string{rsaStep, stdlib, firstTime, remembered, badSignature}
	for _, l := range libraries()[1:] {
		names = append(names, l.name)
	}
	return names
}

func costs(results measure.Results) string {
	var rows [][]string
	for _, way := range ways() {
		row := []string{way}
		if way == rsaStep {
			row[0] = "floor: " + way
		}
		for _, kind := range []string{"/serial", "/parallel"} {
			r := results.Get("Verify/" + way + kind)
			row = append(row, fmt.Sprintf("%.1f ± %s", r.NS/1000, r.Spread), fmt.Sprintf("%.2f", timesFloor(results, way, kind)))
		}
		r := results.Get("Verify/" + way + "/serial")
		rows = append(rows, append(row, fmt.Sprintf("%.0f", r.Bytes), fmt.Sprintf("%.0f", r.Allocs)))
	}
	return report.Table([]string{"", "µs, serial", "× floor", "µs, parallel", "× floor", "B", "allocations"}, rows)
}

func timesFloor(results measure.Results, way, kind string) float64 {
	return results.Ratio("Verify/"+way+kind, "Verify/"+rsaStep+kind)
}

func trickyTable(ctx context.Context) (string, error) {
	all, srv := libraries(), entra()
	header := []string{"a token with"}
	for _, l := range all {
		header = append(header, l.name)
	}
	accepted := make([]int, len(all))
	var rows [][]string
	for _, tc := range trickyCases() {
		said, err := verdicts(ctx, all, srv, tc.token(srv))
		if err != nil {
			return "", err
		}
		for i, s := range said {
			if strings.Contains(s, accept) {
				accepted[i]++
			}
		}
		rows = append(rows, append([]string{tc.name}, said...))
	}
	total := []string{fmt.Sprintf("accepted of %d", len(rows))}
	for _, n := range accepted {
		total = append(total, fmt.Sprint(n))
	}
	return report.Table(header, append(rows, total)), nil
}

func draw(results measure.Results) error {
	groups := ways()[1:]
	serial, parallel := chart.Series{Name: "serial"}, chart.Series{Name: "parallel"}
	for _, way := range groups {
		serial.Values = append(serial.Values, timesFloor(results, way, "/serial"))
		parallel.Values = append(parallel.Values, timesFloor(results, way, "/parallel"))
	}
	return chart.Bars("verification.svg", "Verifying a token: cost in units of the RSA step", "times rsa.VerifyPKCS1v15", groups, serial, parallel)
}
