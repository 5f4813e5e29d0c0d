// Command fleet simulates a million instances that get tokens from Entra ID on the schedule of
// aztoken's client, by the client's own functions, and on two others: how many requests per second
// they make together after a deployment of all at once and through outages. It exits with 1 if a
// promise of docs/design.md is broken.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

func main() {
	instances := flag.Int("instances", 1_000_000, "how many instances the fleet has")
	seed := flag.Uint64("seed", 1, "where the random numbers start; the same seed gives the same figures")
	dir := flag.String("dir", ".", "the folder whose README.md gets the tables, and which gets the plots; empty for none")
	flag.Parse()
	if err := run(os.Stdout, *instances, *seed, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// run simulates, prints the tables to out and writes them and the plots into dir.
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
	text := section(all, f.run())
	if _, err := io.WriteString(out, text); err != nil {
		return err
	}
	if dir != "" {
		if err := write(dir, text, all); err != nil {
			return err
		}
	}
	for _, b := range broken {
		fmt.Fprintln(os.Stderr, "fleet:", b)
	}
	if broken != nil {
		return fmt.Errorf("%d promises of docs/design.md are broken; mend internal/schedule or HalfLife, not the promises", len(broken))
	}
	return nil
}

// write puts text into the README of dir, and the plots beside it.
func write(dir, text string, all [][]*tally) error {
	for _, of := range all {
		name := of[0].fleet.scenario.file
		text += fmt.Sprintf("\n![requests per second over time, %s](%s)\n", of[0].fleet.scenario.name, name)
		if err := drawPlot(filepath.Join(dir, name), of); err != nil {
			return err
		}
	}
	return report.Replace(filepath.Join(dir, "README.md"), "fleet", text)
}
