package aztoken

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/clock/clocktest"
	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// entryOf returns an entry in phase p that holds t, of a client without observers.
func entryOf(p phase, t *cachedToken) *entry {
	e := newEntry(&engine{}, request{resource: "https://orders.example.com"})
	e.phase, e.token = p, t
	return e
}

// tokenUntil returns a token that was acquired at acquired and is served until end, both after
// begin.
func tokenUntil(begin time.Time, acquired, end time.Duration) *cachedToken {
	return &cachedToken{
		acquired: begin.Add(acquired), expires: begin.Add(end), life: end - acquired,
		until: begin.Add(end), untilWall: begin.Add(end).UnixNano(),
	}
}

func TestEntryKeeps(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	const h = time.Hour
	for _, tc := range []struct {
		name       string
		phase      phase
		by         driver
		held       *cachedToken
		asked, now time.Duration
		end        time.Duration // of the token that came
		want       bool
	}{
		{"it lives longer", serving, plainFlight, tokenUntil(begin, 0, 24*h), h, h, 20 * h, true},
		{"it lives longer, says a refresh", serving, backgroundRefresh, tokenUntil(begin, 0, 24*h), h, h, 20 * h, true},
		{"the other lives as long", serving, plainFlight, tokenUntil(begin, 0, 24*h), h, h, 24 * h, false},
		{"the other lives longer", serving, plainFlight, tokenUntil(begin, 0, 24*h), h, h, 30 * h, false},
		{"it does not meet the claims of the other", serving, claimsFlight, tokenUntil(begin, 0, 24*h), h, h, 20 * h, false},
		{"it was rejected", replacing, plainFlight, tokenUntil(begin, 0, 24*h), h, h, 20 * h, false},
		{"it was rejected and withheld", suspended, plainFlight, tokenUntil(begin, 0, 24*h), h, h, 20 * h, false},
		{"it has ended", serving, plainFlight, tokenUntil(begin, 0, h), 2 * h, 2 * h, h, false},
		{"it came after the other was asked for", serving, backgroundRefresh, tokenUntil(begin, 2*h, 24*h), h, 3 * h, 30 * h, true},
		{"it came after that, but does not meet the claims", replacing, claimsFlight, tokenUntil(begin, 2*h, 24*h), h, 3 * h, 30 * h, false},
		{"it came after that and has ended", serving, backgroundRefresh, tokenUntil(begin, 2*h, 3*h), h, 4 * h, 30 * h, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := entryOf(tc.phase, tc.held)
			got := azcore.AccessToken{Token: "other", ExpiresOn: begin.Add(tc.end)}
			require.Equal(t, tc.want, e.keeps(tc.by, got, begin.Add(tc.asked), begin.Add(tc.now)))
		})
	}
}

func TestInstall(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, tc := range map[string]struct {
		wall  time.Duration // what the wall clock says an hour later
		next  time.Duration // what the next token lives
		keeps bool
	}{
		"the clock goes on, a shorter life":  {hour, 10 * hour, true},
		"the clock goes on, a longer life":   {hour, 24 * hour, false},
		"it was set back, a shorter life":    {-5 * hour, 10 * hour, true},
		"it was set back, a longer life":     {-5 * hour, 24 * hour, false},
		"it was set ahead, a shorter life":   {6 * hour, 10 * hour, true},
		"it was set ahead, an absolute life": {6 * hour, 24 * hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := entryOfClient(t)
			begin := time.Now()
			first, _ := e.install(plainFlight, azcore.AccessToken{Token: "first", ExpiresOn: begin.Round(0).Add(24 * hour)}, begin, begin)
			now := clocktest.Later(begin, hour, tc.wall)
			second, news := e.install(plainFlight, azcore.AccessToken{Token: "second", ExpiresOn: now.Add(tc.next)}, now, now)
			kind := news.events[0].Kind
			if tc.keeps {
				require.Equal(t, EventUnchanged, kind)
				require.Zero(t, second.until.Sub(first.until), "a clock that is set back must not prolong a token")
				require.Equal(t, first.untilWall, second.untilWall)
			} else {
				require.Equal(t, EventAcquired, kind)
				require.Equal(t, hour+tc.next-schedule.ExpirySkew, second.until.Sub(begin))
			}
		})
	}
	t.Run("counts only the tokens that are new", func(t *testing.T) {
		t.Parallel()
		e := entryOfClient(t)
		now := time.Now()
		install := func(value string) change {
			_, news := e.install(plainFlight, azcore.AccessToken{Token: value, ExpiresOn: now.Add(24 * hour)}, now, now)
			return news
		}
		require.EqualValues(t, 1, install("first").sequence)
		require.Zero(t, install("first").sequence, "the same")
		require.EqualValues(t, 2, install("second").sequence)
	})
	t.Run("leaves an entry dropped that has left the cache", func(t *testing.T) {
		t.Parallel()
		e := entryOfClient(t)
		e.drop()
		now := time.Now()
		got, news := e.install(plainFlight, azcore.AccessToken{Token: "late", ExpiresOn: now.Add(hour)}, now, now)
		require.Equal(t, "late", got.token.Value(), "who waited for it has it")
		require.Zero(t, news, "and nobody is told")
		require.Nil(t, e.served.Load())
	})
}

func TestShow(t *testing.T) {
	t.Parallel()
	held := tokenUntil(noon, 0, time.Hour)
	for p, served := range map[phase]*cachedToken{empty: nil, serving: held, replacing: held, suspended: nil, dropped: nil} {
		e := entryOf(p, held)
		e.show()
		require.Equal(t, served, e.served.Load(), p)
		require.Equal(t, p == suspended, e.resumed != nil, p)
		if p == suspended {
			resumed := e.resumed
			e.apply(suspensionOver)
			require.NotPanics(t, func() { <-resumed }, "who waits is woken")
		}
	}
}

// entryOfClient returns an entry of a client whose credential is asked for nothing.
func entryOfClient(t *testing.T) *entry {
	t.Helper()
	c, err := NewClient(&Options{Credential: none{}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c.cache.getOrCreate(request{resource: "https://orders.example.com"})
}

// none is a credential that has no token.
type none struct{}

func (none) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, context.Canceled
}

// The monotonic clock of a suspended machine stands still: only the wall clock shows the time that
// has passed.
func TestArm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := entryOfClient(t)
		begin := time.Now()
		fired := make(chan time.Duration, 1)
		e.timer.Stop()
		e.timer = time.AfterFunc(maxTimer, func() { fired <- time.Since(begin) })
		e.install(plainFlight, azcore.AccessToken{Token: "token", ExpiresOn: begin.Add(24 * time.Hour)}, begin, begin)
		require.Equal(t, maxTimer, <-fired, "the refresh is due in hours, and the clocks are looked at before")
	})
}
