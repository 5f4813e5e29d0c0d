package main

import (
	"math/rand/v2"
	"time"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// live simulates one instance from its start at the time at to the end of the span. A request takes
// no time, and one that succeeds returns a new token with a full lifetime.
func (f fleet) live(at time.Duration, random *rand.Rand, t *tally) {
	t.request(at)
	for at < span {
		expires := at + tokenLife
		at = f.strategy.due(epoch.Add(at), epoch.Add(expires), random.Float64()).Sub(epoch)
		failures := 0
		for f.scenario.outage.covers(at) {
			t.request(at)
			failures++
			at += f.strategy.wait(failures, expires-at, random.Float64())
		}
		t.request(at)
		t.renewed(at, expires-schedule.ExpirySkew, failures)
	}
}
