// Soak runs a client, a protected service and a fake identity endpoint for years of virtual time,
// or for a while in real time. It injects faults at every layer according to a plan derived from a
// seed, and checks the library's promises on every call.
//
//	go run . -years 10          virtual years, each a run of its own, all at once
//	go run . -real 10m          real time, over sockets on loopback
//	go run . -years 1 -seed 7   the run of this seed again
//	go run . -plan -seed 7      what happens in it
//
// The exit status is 1 if a promise was broken.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

const day = 24 * time.Hour

func main() {
	o, err := parse(os.Args[1:])
	if err != nil {
		os.Exit(2) // the flag set has printed the error
	}
	switch {
	case o.plan:
		fmt.Print(plan.Script(o.steps()))
	case o.real > 0:
		s, err := o.runReal()
		if err == nil {
			err = o.report(os.Stdout, s)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		o.runVirtual() // ends the program
	}
}

// options are the command-line options.
type options struct {
	years    float64
	real     time.Duration
	lifetime time.Duration
	seed     uint64
	plan     bool
	keep     bool
}

func parse(args []string) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.Float64Var(&o.years, "years", 1, "virtual years; each is a run of its own, with the next seed")
	flags.DurationVar(&o.real, "real", 0, "run in real time for this `duration`, over sockets, instead of virtual years")
	flags.DurationVar(&o.lifetime, "lifetime", 0, "lifetime of a token, which all pauses and outages follow (24h, with -real 3m)")
	flags.Uint64Var(&o.seed, "seed", 1, "decides what is broken when, and what is called when")
	flags.BoolVar(&o.plan, "plan", false, "print what a run would do, and run nothing")
	flags.BoolVar(&o.keep, "keep", false, "keep the summary in "+resultFile+", and write it into the pages that have a section for it")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.keep && o.real > 0 {
		err := errors.New("soak: what is kept are virtual years; leave out -real or -keep")
		fmt.Fprintln(flags.Output(), err)
		return o, err
	}
	if o.lifetime == 0 {
		o.lifetime = day
		if o.real > 0 {
			o.lifetime = 3 * time.Minute
		}
	}
	return o, nil
}

// steps returns the plan of the first run.
func (o options) steps() []plan.Step {
	if o.real > 0 {
		return plan.New(o.seed, o.real, o.lifetime, plan.Real())
	}
	return plan.New(o.seed, years(min(1, o.years)), o.lifetime, plan.Virtual())
}

func years(n float64) time.Duration { return time.Duration(n * 365 * float64(day)) }

// again returns the command that repeats the run of a seed.
func (o options) again(seed uint64) string {
	if o.real > 0 {
		return fmt.Sprintf("go run . -real %v -lifetime %v -seed %d", o.real, o.lifetime, seed)
	}
	return fmt.Sprintf("go run . -years %v -lifetime %v -seed %d", min(1, o.years), o.lifetime, seed)
}
