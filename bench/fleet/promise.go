package main

import (
	"fmt"
	"time"
)

// The promises of docs/design.md, under "A fleet". The mean is that of the same fleet in steady
// state, the peak is taken over one window (a minute for a million instances).
const (
	// promisedPeakAfterStart is the highest peak over mean in the cycles after all instances
	// started at once.
	promisedPeakAfterStart = 3.0
	// promisedPeakShort and promisedPeakLong are the highest peaks over mean during and after
	// outages of up to 1 h and up to 12 h.
	promisedPeakShort = 8.0
	promisedPeakLong  = 12.0
	// promisedFresh is how long after an outage the last instance has a new token.
	promisedFresh = 3*time.Hour + 30*time.Minute
	// promisedTries is the highest number of requests per instance and hour of an outage.
	promisedTries = 1.2
	// promisedWithout is how many instances are ever without a token, in outages of up to 12 h.
	promisedWithout = 0
)

// promisedPeak returns the highest peak over mean that s may cause.
func promisedPeak(s scenario) float64 {
	switch {
	case s.outage.length == 0:
		return promisedPeakAfterStart
	case s.outage.length <= time.Hour:
		return promisedPeakShort
	}
	return promisedPeakLong
}

// broken returns the promises that t does not keep, in words.
func (t *tally) broken() []string {
	var all []string
	miss := func(is bool, format string, args ...any) {
		if is {
			all = append(all, t.fleet.scenario.name+": "+fmt.Sprintf(format, args...))
		}
	}
	promised := promisedPeak(t.fleet.scenario)
	miss(t.peakOverMean() > promised, "the peak is %.2f times the mean, promised are %.0f", t.peakOverMean(), promised)
	miss(t.without > promisedWithout, "%d instances were without a token, for up to %v", t.without, t.longest)
	if t.fleet.scenario.outage.length > 0 {
		miss(t.fresh > promisedFresh, "the last instance had a new token after %v, promised are %v", t.fresh, promisedFresh)
		miss(t.tries() > promisedTries, "%.2f tries per instance and hour, promised are %.1f", t.tries(), promisedTries)
	}
	return all
}
