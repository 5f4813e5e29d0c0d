package aztoken

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
)

// The decisions are pure functions, so their tables need no client and no clock.

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const almostOne = 1 - 1e-12

func TestRefreshPolicies(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		policy    RefreshPolicy
		age, left time.Duration
		random    float64
		want      time.Duration
	}{
		{"half-life, earliest", HalfLife(), 0, 24 * time.Hour, 0, 8 * time.Hour},
		{"half-life, latest", HalfLife(), 0, 24 * time.Hour, almostOne, 12*time.Hour - 864*time.Second},
		{"half-life, middle", HalfLife(), 0, 24 * time.Hour, 0.5, 10*time.Hour - 432*time.Second},
		{"half-life of what is left of the same token", HalfLife(), 12 * time.Hour, 12 * time.Hour, almostOne, 6*time.Hour - 432*time.Second},
		{"half-life of an hour", HalfLife(), 0, time.Hour, 0, 20 * time.Minute},
		{"max age, earliest", MaxAge(time.Hour), 0, 24 * time.Hour, 0, 54 * time.Minute},
		{"max age, latest", MaxAge(time.Hour), 0, 24 * time.Hour, almostOne, time.Hour},
		{"max age, the same token a first time", MaxAge(time.Hour), 55 * time.Minute, 23 * time.Hour, 0, 7*time.Minute + 30*time.Second},
		{"max age, a second time", MaxAge(time.Hour), 69 * time.Minute, 22 * time.Hour, 0, 15 * time.Minute},
		{"max age, a third time", MaxAge(time.Hour), 84 * time.Minute, 22 * time.Hour, 0, 30 * time.Minute},
		{"max age, the same token for long", MaxAge(time.Hour), 10 * time.Hour, 14 * time.Hour, 0, time.Hour},
		{"max age, near the end", MaxAge(time.Hour), 23 * time.Hour, time.Hour, 0, 20 * time.Minute},
		{"max age of a short token is half-life", MaxAge(time.Hour), 0, time.Hour, 0, 20 * time.Minute},
		{"max age of nothing is half-life", MaxAge(0), 0, 24 * time.Hour, 0, 8 * time.Hour},
		{"max age below nothing is half-life", MaxAge(-time.Hour), 0, 24 * time.Hour, 0, 8 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			due := tc.policy.due(noon, noon.Add(-tc.age), noon.Add(tc.left), tc.random)
			require.InDelta(t, tc.want.Seconds(), due.Sub(noon).Seconds(), 0.001)
		})
	}
}

func TestIsServable(t *testing.T) {
	t.Parallel()
	begin := time.Now() // with the reading of the monotonic clock
	token := &cachedToken{until: begin.Add(time.Hour), untilWall: begin.Add(time.Hour).UnixNano()}
	for _, tc := range []struct {
		name            string
		monotonic, wall time.Duration
		want            bool
	}{
		{"both before", time.Hour - 1, time.Hour - 1, true},
		{"the wall clock ran on while the machine was suspended", 0, time.Hour, false},
		{"the wall clock was set back", time.Hour, -48 * time.Hour, false},
		{"both after", time.Hour, time.Hour, false},
	} {
		require.Equal(t, tc.want, token.isServable(clocktest.Later(begin, tc.monotonic, tc.wall)), tc.name)
	}
}

func TestATimerNeverSleepsPastASuspension(t *testing.T) {
	t.Parallel()
	now := time.Now() // with the reading of the monotonic clock
	require.Equal(t, 10*time.Minute, timerWait(now, now.Add(10*time.Minute)))
	require.Equal(t, maxTimer, timerWait(now, now.Add(8*time.Hour)))
	require.Zero(t, timerWait(now, now))
	require.Zero(t, timerWait(now, now.Add(-time.Hour)))
	require.Zero(t, timerWait(now, now.Round(0).Add(-time.Hour)), "overdue by the wall clock alone")
}

func TestATokenNobodyReadForAWholeLifeIsIdle(t *testing.T) {
	t.Parallel()
	require.False(t, isIdle(noon, noon.Add(-23*time.Hour), 24*time.Hour))
	require.True(t, isIdle(noon, noon.Add(-24*time.Hour), 24*time.Hour))
}

func TestTheTimerOfAnEntryDoesNotSpin(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, tc := range map[string]struct {
		monotonic, wall time.Duration // what the clocks say of the time since a token of 24 h came
		used, flying    bool
	}{
		"a while later":                             {hour, hour, false, false},
		"in use, a while later":                     {hour, hour, true, false},
		"after a whole life":                        {25 * hour, 25 * hour, false, false},
		"after a whole life, during a flight":       {25 * hour, 25 * hour, false, true},
		"after a night of a suspended machine":      {hour, 30 * hour, false, false},
		"in use, after a night of a suspended one":  {hour, 30 * hour, true, false},
		"after the wall clock was set back":         {hour, -30 * hour, false, false},
		"in use, after the wall clock was set back": {hour, -30 * hour, true, false},
		"after a life, with a wall clock set back":  {25 * hour, -5 * hour, false, false},
		"in use, after a life, with one set back":   {25 * hour, -5 * hour, true, false},
		"after a night, during a flight":            {hour, 30 * hour, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := NewClient(&Options{Getenv: func(string) string { return "" }})
			require.NoError(t, err)
			defer func() { require.NoError(t, c.Close()) }()
			e := c.cache.getOrCreate(request{resource: "https://orders.example.com"})
			begin := time.Now()
			life := azcore.AccessToken{Token: "first", ExpiresOn: begin.Add(24 * hour)}
			e.install(plainFlight, life, begin, begin)
			e.install(backgroundRefresh, life, begin, begin)
			e.used.Store(tc.used)
			e.running[plainFlight] = tc.flying
			now := clocktest.Later(begin, tc.monotonic, tc.wall)
			todo, _, _, _ := e.begins(now, false)
			require.True(t, todo != nothing || e.nextChore(now) > 0)
			if todo == nothing {
				e.mu.Lock()
				defer e.mu.Unlock()
				next := now.Add(e.nextChore(now))
				require.True(t, e.due(next) != nothing || e.nextChore(next) > 0, "and neither the next time")
			}
		})
	}
}
