// Stampede lets ten thousand callers request an uncached token at once. Run as "go run ./stampede"
// in the folder of this module, it does so with each library and with endpoints in good and bad
// state, and writes the results into README.md and stampede.svg.
package main

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

const (
	callers = 10_000
	// watch is for how long callers are waited for: long enough for ten thousand requests of a
	// millisecond one after another.
	watch = 15 * time.Second
	// realTolerance is for the libraries that run in real time: on a busy machine ten thousand
	// callers wake up one after another.
	realTolerance = 250 * time.Millisecond
)

// main runs as the one test of this program, as virtual time is that of testing/synctest and for
// tests only. It ends with PASS or FAIL, and the exit status.
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
	names := make([]string, len(libraries))
	for i, library := range libraries {
		names[i] = library.Name
		if library.Locks {
			names[i] += " (real time)"
		}
	}
	text := ""
	var charted []chart.Series
	for i, s := range scenarios {
		inTime := chart.Series{Name: s.name}
		rows := make([][]string, len(libraries))
		for j, library := range libraries {
			fmt.Fprintf(os.Stderr, "%s: %s\n", s.name, library.Name)
			o, err := inItsTime(t, s, library, fmt.Sprintf("https://service-%d-%d.example.com", i, j))
			if err != nil {
				return fmt.Errorf("%s: %w", library.Name, err)
			}
			inTime.Values = append(inTime.Values, 100*float64(o.inTime)/callers)
			rows[j] = append([]string{names[j]}, cells(s, o)...)
		}
		if s.hurry {
			charted = append(charted, inTime)
		}
		text += fmt.Sprintf("%s\n\n%s\n", s.name, report.Table(header(s), rows))
	}
	text += "![callers that returned in time](stampede.svg)\n"
	if err := report.Replace("README.md", "stampede", text); err != nil {
		return err
	}
	return chart.Bars("stampede.svg", "10 000 callers at once, one token that nobody has yet", "% of callers that returned by their deadline", names, charted...)
}

// inItsTime runs a stampede in virtual time, or in real time where the library needs it.
func inItsTime(t *testing.T, s scenario, library peers.Library, resource string) (o outcome, err error) {
	if library.Locks {
		return stampede(s, library, resource, callers, watch, realTolerance)
	}
	synctest.Test(t, func(*testing.T) { o, err = stampede(s, library, resource, callers, watch, 0) })
	return o, err
}

func header(s scenario) []string {
	all := []string{"library", "requests", "tokens"}
	if s.hurry {
		all = append(all, "returned in time", "without a word of the deadline")
	}
	all = append(all, "until all returned")
	if s.serves() {
		all = append(all, "a later call")
	}
	return all
}

func cells(s scenario, o outcome) []string {
	all := []string{fmt.Sprint(o.requests), fmt.Sprint(o.tokens)}
	if s.hurry {
		all = append(all, fmt.Sprint(o.inTime), fmt.Sprint(o.hidden))
	}
	if o.waiting > 0 {
		all = append(all, fmt.Sprintf("%d waiting after %.0f s", o.waiting, o.wall.Seconds()))
	} else {
		all = append(all, fmt.Sprintf("%.3f s", o.wall.Seconds()))
	}
	if s.serves() {
		all = append(all, map[bool]string{true: "has a token", false: "fails"}[o.later])
	}
	return all
}
