// Soak runs a client, a protected service and a fake identity endpoint for years of virtual time, or for as long as told in
// real time, breaks them at every layer by a plan that its seed decides, and checks on every call what the library promises.
//
//	go run ./soak -years 10          virtual years, one run for each, all at once
//	go run ./soak -real 10m          real time, over sockets on loopback
//	go run ./soak -years 1 -seed 7   the run of this seed again
//	go run ./soak -plan -seed 7      what happens in it
//
// The exit status is 1 if a promise was broken.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// options are those of the command line.
type options struct {
	years    float64
	real     time.Duration
	lifetime time.Duration
	seed     uint64
	plan     bool
	readme   string
}

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2) // the flag set has said why
	}
	switch {
	case o.plan:
		fmt.Print(script(o.steps()))
	case o.real > 0:
		ended := inRealTime(o)
		if err := o.tell(os.Stdout, ended); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		inVirtualTime(o) // ends the program
	}
}

func parse(args []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.Float64Var(&o.years, "years", 1, "virtual years; each begun one is a run of its own, with the next seed")
	flags.DurationVar(&o.real, "real", 0, "run in real time for `that long`, over sockets, in place of virtual years")
	flags.DurationVar(&o.lifetime, "lifetime", 0, "of a token; all pauses and outages follow it (24h, with -real 3m)")
	flags.Uint64Var(&o.seed, "seed", 1, "decides what is broken when, and what is called when")
	flags.BoolVar(&o.plan, "plan", false, "print what a run would do, and run nothing")
	flags.StringVar(&o.readme, "readme", "", "write the summary into the section soak of this `file`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.lifetime == 0 {
		o.lifetime = secondsOfDay * time.Second
		if o.real > 0 {
			o.lifetime = 3 * time.Minute
		}
	}
	return o, nil
}

// span is how long the first run takes.
func (o options) span() time.Duration {
	if o.real > 0 {
		return o.real
	}
	return years(min(1, o.years))
}

// steps is the plan of the first run.
func (o options) steps() []step {
	if o.real > 0 {
		return plan(o.seed, o.span(), o.lifetime, inReal())
	}
	return plan(o.seed, o.span(), o.lifetime, courses)
}

func years(n float64) time.Duration {
	return time.Duration(n * 365 * float64(secondsOfDay*time.Second))
}

// again is the command that runs a seed once more.
func (o options) again(seed uint64) string {
	if o.real > 0 {
		return fmt.Sprintf("go run ./soak -real %v -lifetime %v -seed %d", o.real, o.lifetime, seed)
	}
	return fmt.Sprintf("go run ./soak -years %v -lifetime %v -seed %d", min(1, o.years), o.lifetime, seed)
}

// ended is how all runs went.
type ended struct {
	kind      string
	tally     tally
	broken    []violation
	heapWorst int64
}

var errViolations = errors.New("soak: promises were broken; see above")

// tell prints how the runs went, and writes it into the README where that is asked for.
func (o options) tell(to io.Writer, e ended) error {
	table := e.tally.table(e.kind, e.heapWorst)
	fmt.Fprint(to, table)
	for _, v := range e.broken {
		fmt.Fprintf(to, "%v  again: %s\n", v, o.again(v.seed))
	}
	if len(e.broken) > 0 {
		return errViolations
	}
	if o.readme != "" {
		return report.Replace(o.readme, "soak", table)
	}
	return nil
}
