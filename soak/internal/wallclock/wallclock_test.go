package wallclock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/soak/internal/wallclock"
)

// The clock is that of the whole process, so this test runs alone.
func TestClock(t *testing.T) {
	c, err := wallclock.New()
	if err != nil {
		require.ErrorIs(t, err, wallclock.ErrUnsupported)
		t.Skip(err)
	}
	defer c.SetAhead(0)
	for name, by := range map[string]time.Duration{
		"ahead, while the monotonic clock goes on": time.Hour,
		"back, while the monotonic clock goes on":  -time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			c.SetAhead(0)
			before := time.Now()
			c.SetAhead(by)
			after := time.Now()
			require.True(t, c.SteppedSince(before))
			require.False(t, c.SteppedSince(after.Add(time.Nanosecond)))
			require.InDelta(t, 0, after.Sub(before).Seconds(), 5)
			require.InDelta(t, by.Seconds(), after.Round(0).Sub(before.Round(0)).Seconds(), 5)
		})
	}
}

func TestNilClock(t *testing.T) {
	t.Parallel()
	var c *wallclock.Clock
	require.False(t, c.SteppedSince(time.Now()))
}
