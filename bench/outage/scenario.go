package main

import (
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const (
	// duration of a run: three lives of a token.
	duration = 72 * time.Hour
	// tokenLife is that of a managed identity's tokens.
	tokenLife = 24 * time.Hour
	// firstStart and lastStart are the hours in which outages begin: those of the second day, when
	// a program holds a token that replaced another. The longest outage ends before the run does.
	firstStart, lastStart = 25, 48
	// minutePast is when the first call was, past an hour of the clock by which outages begin on
	// the hour: so the last of them begins just before the libraries that use a token to its last
	// minutes replace their second, which is the worst moment for them. The half minute keeps the
	// ends of an outage apart from the calls.
	minutePast = 10*time.Minute + 30*time.Second
)

// lengths of the outages.
var lengths = []time.Duration{time.Hour, 6 * time.Hour, 12 * time.Hour, 18 * time.Hour, 24 * time.Hour}

// A kind is the form that an outage takes for a client.
type kind struct {
	name  string
	means string
	fault imdstest.Fault
	// mintAfter is the age at which the endpoint replaces its token: until then it returns the same
	// one.
	mintAfter time.Duration
}

// mintsAnew is the mintAfter of an endpoint that returns a new token for each request. It is above
// zero because the three requests for an EC2 credential must return the same token.
const mintsAnew = time.Second

// kinds of outages.
var kinds = []kind{
	{"503", "the endpoint answers 503", imdstest.Status(503), mintsAnew},
	{"hang", "the endpoint accepts requests and never answers", imdstest.Hang(), mintsAnew},
	{"refused", "nothing listens at the endpoint", imdstest.Refused(), mintsAnew},
	{
		"Entra ID down",
		"the endpoint is well and gives the token that it keeps for as long as that lives, then 500; before the outage it replaced its token when it was an hour old, as IMDS does",
		imdstest.EntraDown(), time.Hour,
	},
}

// A scenario is a run with one outage.
type scenario struct {
	kind   kind
	hour   int // of the clock, at which the outage begins
	length time.Duration
}

// scenarios returns the runs with outages of one kind and length that begin in each hour of the
// second day or, with a step above 1, in every so many hours, the last among them.
func scenarios(k kind, length time.Duration, step int) []scenario {
	var all []scenario
	for hour := lastStart; hour >= firstStart; hour -= step {
		all = append(all, scenario{k, hour, length})
	}
	return all
}

// start returns when the outage begins, after the first call.
func (s scenario) start() time.Duration { return time.Duration(s.hour)*time.Hour - minutePast }
