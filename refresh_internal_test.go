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

func TestRefreshPolicy(t *testing.T) {
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

func TestTimerWait(t *testing.T) {
	t.Parallel()
	now := time.Now() // with the reading of the monotonic clock
	require.Equal(t, 10*time.Minute, timerWait(now, now.Add(10*time.Minute)))
	require.Equal(t, maxTimer, timerWait(now, now.Add(8*time.Hour)))
	require.Zero(t, timerWait(now, now))
	require.Zero(t, timerWait(now, now.Add(-time.Hour)))
	require.Zero(t, timerWait(now, now.Round(0).Add(-time.Hour)), "overdue by the wall clock alone")
}

func TestIsIdle(t *testing.T) {
	t.Parallel()
	require.False(t, isIdle(noon, noon.Add(-23*time.Hour), 24*time.Hour))
	require.True(t, isIdle(noon, noon.Add(-24*time.Hour), 24*time.Hour))
}

func TestDue(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	const h = time.Hour
	held := tokenUntil(begin, 0, 24*h)
	flying := [drivers]bool{claimsFlight: true}
	for _, tc := range []struct {
		name    string
		token   *cachedToken
		running [drivers]bool
		failure failure
		refresh time.Duration // when the token is to be refreshed
		lastUse time.Duration
		now     time.Time
		want    chore
	}{
		{name: "no token and nothing under way", now: begin.Add(h), want: forget},
		{name: "no token and a flight", running: [drivers]bool{plainFlight: true}, now: begin.Add(h), want: nothing},
		{name: "no token and a flight with claims", running: flying, now: begin.Add(h), want: nothing},
		{name: "no token and a failure that counts", failure: failure{until: begin.Add(2 * h)}, now: begin.Add(h), want: nothing},
		{name: "no token and a failure that is over", failure: failure{until: begin.Add(h)}, now: begin.Add(h), want: forget},
		{name: "before the refresh", token: held, refresh: 9 * h, now: begin.Add(8 * h), want: nothing},
		{name: "the refresh", token: held, refresh: 9 * h, now: begin.Add(9 * h), want: refresh},
		{name: "the refresh, overdue by the wall clock alone", token: held, refresh: 9 * h, now: clocktest.Later(begin, h, 10*h), want: refresh},
		{name: "the refresh, overdue by the monotonic clock alone", token: held, refresh: 9 * h, now: clocktest.Later(begin, 10*h, h), want: refresh},
		{name: "the refresh during a flight", token: held, running: flying, refresh: 9 * h, now: begin.Add(9 * h), want: refresh},
		{name: "the refresh is under way", token: held, running: [drivers]bool{backgroundRefresh: true}, refresh: 9 * h, now: begin.Add(9 * h), want: nothing},
		{name: "unused for almost a life", token: held, refresh: 30 * h, lastUse: h, now: begin.Add(25*h - 1), want: nothing},
		{name: "unused for a life", token: held, refresh: 9 * h, lastUse: h, now: begin.Add(25 * h), want: retire},
		{name: "unused for a life, and a flight", token: held, running: flying, refresh: 30 * h, lastUse: h, now: begin.Add(25 * h), want: nothing},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := entryOf(serving, tc.token)
			e.running, e.failure = tc.running, tc.failure
			e.refreshOn, e.lastUse = begin.Add(tc.refresh), begin.Add(tc.lastUse)
			require.Equal(t, tc.want, e.due(tc.now))
		})
	}
}

func TestBegins(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	const h = time.Hour
	for _, tc := range []struct {
		name       string
		phase      phase
		token      *cachedToken
		now        time.Duration
		subscribed bool
		used       bool
		todo       chore
		after      phase
	}{
		{name: "within a suspension", phase: suspended, token: tokenUntil(begin, 0, 24*h), now: h - 1, todo: nothing, after: suspended},
		{name: "a suspension that is over", phase: suspended, token: tokenUntil(begin, 0, 24*h), now: h, todo: nothing, after: replacing},
		{name: "the refresh", phase: serving, token: tokenUntil(begin, 0, 24*h), now: 9 * h, todo: refresh, after: serving},
		{name: "unused for a life", phase: serving, token: tokenUntil(begin, 0, 24*h), now: 24 * h, todo: retire, after: dropped},
		{name: "used at last", phase: serving, token: tokenUntil(begin, 0, 24*h), now: 24 * h, used: true, todo: refresh, after: serving},
		{name: "subscribed to", phase: serving, token: tokenUntil(begin, 0, 24*h), now: 24 * h, subscribed: true, todo: refresh, after: serving},
		{name: "no token and no failure that counts", phase: empty, now: h, todo: forget, after: dropped},
		{name: "dropped", phase: dropped, token: tokenUntil(begin, 0, 24*h), now: 9 * h, todo: nothing, after: dropped},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := entryOf(tc.phase, tc.token)
			e.endpoint, e.timer = new(endpoint), time.NewTimer(h)
			e.refreshOn, e.lastUse, e.suspendedUntil = begin.Add(9*h), begin, begin.Add(h)
			e.used.Store(tc.used)
			e.show()
			todo, held, after, news := e.begins(begin.Add(tc.now), tc.subscribed)
			require.Equal(t, tc.todo, todo)
			require.Equal(t, tc.after, after)
			require.Equal(t, tc.token, held)
			require.Equal(t, tc.todo == refresh, e.running[backgroundRefresh])
			require.Equal(t, tc.used || tc.subscribed, e.lastUse.After(begin))
			require.False(t, e.used.Load())
			require.Equal(t, tc.todo == retire, len(news.events) == 1 && news.events[0].Kind == EventDropped)
			require.Equal(t, after.serves(), e.served.Load() != nil)
		})
	}
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
