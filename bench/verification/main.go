// Verification compares package verify with the libraries with which a service could check tokens.
// Run it as "go run ./verification" in the folder of this module: it runs the benchmarks of this
// package and gives every library some tricky tokens, saves the results of both in
// results/verification.json, and writes them into README.md and verification.svg.
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

// This takes about a minute and a half.
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
	v, err := tricky(ctx)
	if err != nil {
		return err
	}
	v.Versions, v.Machine = versions, measure.Machine()
	if v.Runs, err = measure.Benchmarks(ctx, "./verification", rounds, benchtime); err != nil {
		return err
	}
	if err := results.Save(".", "verification", v); err != nil {
		return err
	}
	return publish.Write(".")
}

// The benchmarks other than those named after a library.
const (
	rsaStep      = "rsa.VerifyPKCS1v15"
	stdlib       = "standard library by hand"
	firstTime    = "aztoken verify, first time"
	remembered   = "aztoken verify, remembered"
	badSignature = "aztoken verify, a bad signature"
)

// tricky returns the verdict of every library on the tricky tokens.
func tricky(ctx context.Context) (v results.Verification, err error) {
	all, srv := libraries(), entra()
	for _, l := range all {
		v.Libraries = append(v.Libraries, l.name)
	}
	for _, tc := range trickyCases() {
		said, err := verdicts(ctx, all, srv, tc.token(srv))
		if err != nil {
			return v, err
		}
		v.Tricky = append(v.Tricky, results.TrickyCase{Name: tc.name, Verdicts: said})
	}
	return v, nil
}
