// Hotpath measures what a token costs that is already there: run as "go run ./hotpath" in the
// folder of this module it runs the benchmarks of this package, and writes their medians into
// README.md and hotpath.svg.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// About a minute and a half. Ten rounds give a 95 % interval of the median that leaves out the two
// extremes.
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
	versions, err := measure.Versions(ctx, "golang.org/x/oauth2", "github.com/aws/aws-sdk-go-v2", "cloud.google.com/go/auth",
		"github.com/Azure/azure-sdk-for-go/sdk/azidentity", "github.com/AzureAD/microsoft-authentication-library-for-go",
		"github.com/Azure/azure-sdk-for-go/sdk/azcore")
	if err != nil {
		return err
	}
	results, err := measure.Benchmarks(ctx, "./hotpath", rounds, benchtime)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Token:\n\n%s\nRoundTrip:\n\n%s\n![times the floor](hotpath.svg)\n\n%s. Medians of %d runs, ± the 95 %% interval. %s.\n",
		table(results, "Token", tokenRows), table(results, "RoundTrip", roundTripRows), measure.Machine(), rounds, versions)
	if err := report.Replace("README.md", "hotpath", text); err != nil {
		return err
	}
	return draw(results, "hotpath.svg")
}

// The operations in the order of the tables; the first is the floor.
var (
	tokenRows     = []string{"floor", "aztoken Token", "aztoken GetToken", "x/oauth2", "aws CredentialsCache", "cloud.google.com/go/auth", "MSAL", "azidentity"}
	roundTripRows = []string{"floor", "aztoken", "x/oauth2", "cloud.google.com/go/auth", "azcore pipeline without a token", "azcore pipeline"}
)

func table(results measure.Results, benchmark string, operations []string) string {
	var rows [][]string
	for _, op := range operations {
		row := []string{op}
		for _, kind := range []string{"/serial", "/parallel"} {
			r := results.Get(benchmark + "/" + op + kind)
			row = append(row, fmt.Sprintf("%.0f ± %s", r.NS, r.Spread), fmt.Sprintf("%.2f", timesFloor(results, benchmark, op, kind)))
		}
		r := results.Get(benchmark + "/" + op + "/serial")
		rows = append(rows, append(row, fmt.Sprintf("%.0f", r.Bytes), fmt.Sprintf("%.0f", r.Allocs)))
	}
	return report.Table([]string{"library", "ns, serial", "× floor", "ns, parallel", "× floor", "B", "allocations"}, rows)
}

func timesFloor(results measure.Results, benchmark, op, kind string) float64 {
	return results.Ratio(benchmark+"/"+op+kind, benchmark+"/floor"+kind)
}

// draw shows what each operation costs in units of its floor. Without azcore's pipelines, which do
// more than put a token on a request: there it is the difference of the two that counts.
func draw(results measure.Results, file string) error {
	var groups []string
	serial, parallel := chart.Series{Name: "serial"}, chart.Series{Name: "parallel"}
	add := func(benchmark string, operations []string) {
		for _, op := range operations {
			groups = append(groups, benchmark+": "+op)
			serial.Values = append(serial.Values, timesFloor(results, benchmark, op, "/serial"))
			parallel.Values = append(parallel.Values, timesFloor(results, benchmark, op, "/parallel"))
		}
	}
	add("Token", tokenRows[1:])
	add("RoundTrip", roundTripRows[1:4])
	return chart.Bars(file, "A token that is there: cost in units of the floor", "times the floor", groups, serial, parallel)
}
