// Stampede lets ten thousand callers request an uncached token at once. Run it as "go run
// ./stampede" in the folder of this module. It does so with each library and with endpoints in good
// and bad state, saves the results in results/stampede.json, and writes them into README.md and
// stampede.svg.
package main

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/bench/internal/publish"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

const (
	callers = 10_000
	// watch is how long the program waits for the callers: long enough for ten thousand requests of
	// a millisecond each, one after another.
	watch = 15 * time.Second
	// realTolerance is for the libraries that run in real time, because on a busy machine ten
	// thousand callers wake up one after another.
	realTolerance = 250 * time.Millisecond
)

// main runs as the only test of this program, because the virtual time of testing/synctest works
// only in tests. It ends with PASS or FAIL and the exit status.
func main() {
	testing.Init()
	testing.Main(
		func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "stampede", F: func(t *testing.T) {
			if err := run(t); err != nil {
				t.Fatal(err)
			}
		}}},
		nil, nil,
	)
}

func run(t *testing.T) error {
	libraries := []peers.Library{
		peers.Aztoken(), peers.Azidentity(), peers.MSAL(), peers.Azcore(), peers.OAuth2(), peers.Google(), peers.AWS(),
	}
	r := results.Stampede{Callers: callers}
	for i, s := range scenarios {
		of := results.StampedeScenario{Name: s.name, Hurry: s.hurry, Serves: s.serves()}
		for j, library := range libraries {
			fmt.Fprintf(os.Stderr, "%s: %s\n", s.name, library.Name)
			o, err := inItsTime(t, s, library, fmt.Sprintf("https://service-%d-%d.example.com", i, j))
			if err != nil {
				return fmt.Errorf("%s: %w", library.Name, err)
			}
			of.Outcomes = append(of.Outcomes, results.StampedeOutcome{
				Library: library.Name, RealTime: library.Locks, Requests: o.requests, Tokens: o.tokens, InTime: o.inTime, Hidden: o.hidden,
				Waiting: o.waiting, Wall: o.wall.Seconds(), Later: o.later,
			})
		}
		r.Scenarios = append(r.Scenarios, of)
	}
	if err := results.Save(".", "stampede", r); err != nil {
		return err
	}
	return publish.Write(".")
}

// inItsTime runs a stampede in virtual time, or in real time if the library needs it.
func inItsTime(t *testing.T, s scenario, library peers.Library, resource string) (o outcome, err error) {
	if library.Locks {
		return stampede(s, library, resource, callers, watch, realTolerance)
	}
	synctest.Test(t, func(*testing.T) { o, err = stampede(s, library, resource, callers, watch, 0) })
	return o, err
}
