package clock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock"
	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
)

func TestUntil(t *testing.T) {
	t.Parallel()
	start := time.Now()
	due := start.Add(10 * time.Minute)
	for name, tc := range map[string]struct {
		now, due time.Time
		want     time.Duration
	}{
		"both clocks went on":                  {clocktest.Later(start, time.Minute, time.Minute), due, 9 * time.Minute},
		"the wall clock was set back":          {clocktest.Later(start, time.Minute, -time.Hour), due, 9 * time.Minute},
		"the machine was suspended":            {clocktest.Later(start, time.Minute, time.Hour), due, -50 * time.Minute},
		"the time has no monotonic reading":    {clocktest.Later(start, time.Minute, 2*time.Minute), due.Round(0), 8 * time.Minute},
		"it is due now":                        {due, due, 0},
		"it was due before, on both":           {due.Add(time.Second), due, -time.Second},
		"now is without a monotonic reading":   {start.Round(0), due, 10 * time.Minute},
		"it was due by the monotonic one only": {clocktest.Later(start, 11*time.Minute, 0), due, -time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, clock.Until(tc.now, tc.due))
		})
	}
}
