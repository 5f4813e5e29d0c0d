// Hotpath measures the cost of a token that is already cached. Run it as "go run ./hotpath" in the
// folder of this module: it runs the benchmarks of this package, saves the results in
// results/hotpath.json, and writes them into README.md and hotpath.svg.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/measure"
	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// This takes about a minute and a half. Ten rounds give a 95 % interval of the median that leaves
// out the two extremes.
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
	runs, err := measure.Benchmarks(ctx, "./hotpath", rounds, benchtime)
	if err != nil {
		return err
	}
	if err := results.Save(".", "hotpath", results.Benchmarks{Versions: versions, Machine: measure.Machine(), Runs: runs}); err != nil {
		return err
	}
	return publish.Write(".")
}
