package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The clock is that of the whole process, so this test runs alone.
func TestTheWallClockIsSetAndTheMonotonicClockGoesOn(t *testing.T) {
	c, err := newWallClock()
	if err != nil {
		t.Skip(err)
	}
	defer c.setAhead(0)
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		c.setAhead(0)
		before := time.Now()
		c.setAhead(by)
		after := time.Now()
		require.True(t, c.steppedSince(before))
		require.False(t, c.steppedSince(after.Add(time.Nanosecond)))
		require.InDelta(t, 0, after.Sub(before).Seconds(), 5)
		require.InDelta(t, by.Seconds(), after.Round(0).Sub(before.Round(0)).Seconds(), 5)
	}
}
