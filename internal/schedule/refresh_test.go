package schedule_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

func TestARefreshIsWhenThePolicyWantsItWithinLimits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name   string
		policy time.Duration
		left   time.Duration
		hint   time.Duration // 0: none
		want   time.Duration
	}{
		{"the policy's own word", 5 * time.Hour, 24 * time.Hour, 0, 5 * time.Hour},
		{"not within a minute", 0, 24 * time.Hour, 0, time.Minute},
		{"not in the past", -time.Hour, 24 * time.Hour, 0, time.Minute},
		{"not after the end", 48 * time.Hour, 24 * time.Hour, 0, 24 * time.Hour},
		{"a token shorter than a minute", 10 * time.Second, 30 * time.Second, 0, time.Minute},
		{"an earlier hint", 5 * time.Hour, 24 * time.Hour, time.Hour, time.Hour},
		{"a later hint", 5 * time.Hour, 24 * time.Hour, 12 * time.Hour, 5 * time.Hour},
		{"a hint of a second", 5 * time.Hour, 24 * time.Hour, time.Second, time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var hint time.Time
			if tc.hint != 0 {
				hint = now.Add(tc.hint)
			}
			due := schedule.Refresh(now.Add(tc.policy), now, now.Add(tc.left), hint)
			require.Equal(t, tc.want, due.Sub(now))
		})
	}
}

func TestARefreshIsOnTheMonotonicClockWhateverThePolicyReturns(t *testing.T) {
	t.Parallel()
	now := time.Now()
	due := schedule.Refresh(now.Add(5*time.Hour).Round(0), now, now.Add(24*time.Hour), time.Time{})
	require.NotEqual(t, due.Round(0), due, "it has a monotonic reading")
	require.Equal(t, 5*time.Hour, due.Sub(now))
}
