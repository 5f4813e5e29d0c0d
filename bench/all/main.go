// All runs the programs of this module one after another and so rewrites every table, sentence and
// plot. Run it as "go run ./all" in the folder of this module, on an otherwise idle machine. Given
// program names, it runs only those; with -timed, only those whose figures depend on how busy the
// machine is.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// timed are the programs that measure real time.
var timed = []string{"hotpath", "verification", "agent", "guard", "stampede"}

// counted are the programs that use virtual time or count bytes. Store also has one figure from
// real processes, which need a processor to themselves.
var counted = []string{"size", "fleet", "outage", "store"}

func main() {
	onlyTimed := flag.Bool("timed", false, "run only the programs that measure real time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	programs := append(slices.Clone(timed), counted...)
	switch {
	case flag.NArg() > 0:
		programs = flag.Args()
	case *onlyTimed:
		programs = timed
	}
	if err := run(ctx, programs); err != nil {
		log.Fatal(err)
	}
}

// run runs the programs. If one fails, the others still run.
func run(ctx context.Context, programs []string) error {
	var failed []string
	for _, name := range programs {
		began := time.Now()
		cmd := exec.CommandContext(ctx, "go", "run", "./"+name)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			failed = append(failed, fmt.Sprintf("%s (%v)", name, err))
		}
		fmt.Printf("== %s: %v\n", name, time.Since(began).Round(time.Second))
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if failed != nil {
		return fmt.Errorf("these failed: %s", strings.Join(failed, ", "))
	}
	return nil
}
