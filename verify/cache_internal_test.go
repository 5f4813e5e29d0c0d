package verify

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
)

func TestARememberedTokenIsCurrentByBothClocks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, tc := range map[string]struct {
		now, until time.Time
		want       bool
	}{
		"in time":                                {clocktest.Later(now, time.Minute, time.Minute), now.Add(rememberFor), true},
		"over":                                   {clocktest.Later(now, rememberFor, rememberFor), now.Add(rememberFor), false},
		"after a suspend":                        {clocktest.Later(now, time.Second, time.Hour), now.Add(rememberFor), false},
		"after the wall clock was set back":      {clocktest.Later(now, rememberFor, -time.Hour), now.Add(rememberFor), false},
		"at the token's end, after a suspend":    {clocktest.Later(now, time.Second, 3*time.Minute), now.Add(2 * time.Minute).Round(0), false},
		"before the token's end":                 {clocktest.Later(now, time.Minute, time.Minute), now.Add(2 * time.Minute).Round(0), true},
		"before the token's end, after one sets": {clocktest.Later(now, time.Minute, 3*time.Minute), now.Add(2 * time.Minute).Round(0), false},
	} {
		require.Equal(t, tc.want, (&remembered{until: tc.until}).isCurrent(tc.now), name)
	}
}

func TestKeysAreUsableByBothClocks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := fetchState{fetched: now}
	require.True(t, s.usable(clocktest.Later(now, 23*time.Hour, 23*time.Hour)))
	require.False(t, s.usable(clocktest.Later(now, time.Hour, keepFor)), "after a suspend")
	require.False(t, s.usable(clocktest.Later(now, keepFor, time.Hour)), "after the clock was set back")
	require.False(t, fetchState{}.usable(now))
}
