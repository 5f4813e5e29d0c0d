// Command fleet simulates a million instances that get tokens from Entra ID, on the schedule of
// aztoken's client (computed by the client's own functions) and on two others. It counts the
// requests per second that the fleet makes after a simultaneous deployment and through outages. It
// exits with 1 if a promise in docs/design.md is broken.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func main() {
	instances := flag.Int("instances", 1_000_000, "how many instances the fleet has")
	seed := flag.Uint64("seed", 1, "where the random numbers start; the same seed gives the same figures")
	dir := flag.String("dir", ".", "the folder of this module, which gets the results, tables and plots; empty to print the results")
	flag.Parse()
	if err := run(os.Stdout, *instances, *seed, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// run runs the simulation and either saves and publishes the counts in dir or prints them to out.
func run(out io.Writer, instances int, seed uint64, dir string) error {
	if instances < 1 {
		return fmt.Errorf("a fleet of %d instances has nothing to count; give -instances 1 or more", instances)
	}
	f := fleet{instances: instances, seed: seed, window: window(instances)}
	var all [][]*tally
	var broken []string
	for _, sc := range scenarios() {
		var of []*tally
		for _, s := range strategies() {
			f.strategy, f.scenario = s, sc
			of = append(of, f.run())
		}
		broken = append(broken, of[0].broken()...)
		all = append(all, of)
	}
	f.strategy, f.scenario = ours(), inStep()
	r := result(all, f.run())
	if dir == "" {
		enc := json.NewEncoder(out)
		enc.SetIndent("", " ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else if err := errors.Join(results.Save(dir, "fleet", r), publish.Write(dir)); err != nil {
		return err
	}
	for _, b := range broken {
		fmt.Fprintln(os.Stderr, "fleet:", b)
	}
	if broken != nil {
		return fmt.Errorf("%d promises of docs/design.md are broken; mend internal/schedule or HalfLife, not the promises", len(broken))
	}
	return nil
}
