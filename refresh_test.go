package aztoken_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "replaces a token of a day between a third and a half of its life", func(t *testing.T) {
		imds := imdstest.New(nil)
		requireNoHarm(t, use(t, over(t, imds, aztoken.Options{}), 50*time.Hour))
		requests := imds.Requests()
		require.GreaterOrEqual(t, len(requests), 5)
		require.LessOrEqual(t, len(requests), 8)
		for i := range requests[1:] {
			apart := requests[i+1].Time.Sub(requests[i].Time)
			require.GreaterOrEqual(t, apart, 7*time.Hour+55*time.Minute)
			require.LessOrEqual(t, apart, 12*time.Hour+5*time.Minute)
		}
	})
	inVirtualTime(t, "by MaxAge(1 h), gets a new token from IMDS about every hour", func(t *testing.T) {
		imds := imdstest.New(nil) // mints a new one when its own token is an hour old
		c := over(t, imds, aztoken.Options{Refresh: aztoken.MaxAge(time.Hour)})
		u := use(t, c, 48*time.Hour)
		requireNoHarm(t, u)
		require.GreaterOrEqual(t, len(u.tokens), 40)
		require.LessOrEqual(t, imds.Count(), 110)
	})
	t.Run("does not hammer a host that returns one token to its end", func(t *testing.T) {
		t.Parallel()
		for name, policy := range map[string]aztoken.RefreshPolicy{"HalfLife": aztoken.HalfLife(), "MaxAge(1 h)": aztoken.MaxAge(time.Hour)} {
			inVirtualTime(t, name, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: 24*time.Hour - 5*time.Minute})
				requireNoHarm(t, use(t, over(t, imds, aztoken.Options{Refresh: policy}), 48*time.Hour))
				require.LessOrEqual(t, imds.Count(), 200)
			})
		}
	})
	t.Run("heeds the refresh_in of the server where that is earlier", func(t *testing.T) {
		t.Parallel()
		for refreshIn, most := range map[string]int{`"3600"`: 12, `"0"`: 3, `"1"`: 610, `"80000"`: 3, `""`: 3, `null`: 3} {
			inVirtualTime(t, refreshIn, func(t *testing.T) {
				var count int
				c := overFunc(t, func() string {
					count++
					return fmt.Sprintf(`{"access_token":"token-%d","expires_in":"86400","refresh_in":%s}`, count, refreshIn)
				})
				requireNoHarm(t, use(t, c, 10*time.Hour))
				require.LessOrEqual(t, count, most)
				if refreshIn == `"3600"` {
					require.GreaterOrEqual(t, count, 9)
				}
			})
		}
	})
	inVirtualTime(t, "heeds refresh_in once for a token that stays the same", func(t *testing.T) {
		asked := 0
		end := time.Now().Add(24 * time.Hour)
		c := overFunc(t, func() string {
			asked++
			return fmt.Sprintf(`{"access_token":"the-token","expires_on":"%d","refresh_in":"600"}`, end.Unix())
		})
		requireNoHarm(t, use(t, c, 20*time.Hour))
		require.LessOrEqual(t, asked, 10)
	})
	inVirtualTime(t, "heeds Retry-After", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(429).WithRetryAfter(50 * time.Minute))
		time.Sleep(time.Until(first.RefreshOn) + 49*time.Minute)
		require.Equal(t, 2, imds.Count())
		time.Sleep(2 * time.Minute)
		require.Equal(t, 3, imds.Count())
	})
	// The platform returns one token for a day, and by this machine's clock it expires some hours
	// too early.
	inVirtualTime(t, "on a machine whose clock is ahead, leaves no caller without a token", func(t *testing.T) {
		begin := time.Now()
		c := overFunc(t, func() string {
			left := 24*time.Hour - time.Since(begin)
			return fmt.Sprintf(`{"access_token":"the-token","expires_in":"%d","expires_on":"%d"}`, left/time.Second, begin.Add(21*time.Hour).Unix())
		})
		requireNoHarm(t, use(t, c, 21*time.Hour-time.Minute))
		time.Sleep(time.Until(begin.Add(21*time.Hour - 5*time.Second)))
		for range 100 {
			_, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
	})
}

func TestOutage(t *testing.T) {
	t.Parallel()
	forEachOutage(t, "of half a life of a token, harms nobody", time.Hour, func(t *testing.T, fault imdstest.Fault, start time.Duration) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		requireNoHarm(t, use(t, c, start))
		imds.BreakFor(12*time.Hour, fault)
		requireNoHarm(t, use(t, c, 60*time.Hour-start))
		require.LessOrEqual(t, imds.Count(), 250)
	})
	for name, tc := range map[string]struct {
		policy aztoken.RefreshPolicy
		dark   time.Duration
	}{
		"HalfLife":    {aztoken.HalfLife(), 12 * time.Hour},
		"MaxAge(1 h)": {aztoken.MaxAge(time.Hour), 70 * time.Minute},
	} {
		name := "of a whole life, costs what " + name + " leaves open"
		forEachOutage(t, name, 4*time.Hour, func(t *testing.T, fault imdstest.Fault, start time.Duration) {
			imds := imdstest.New(&imdstest.Options{MintAfter: -1})
			c := over(t, imds, aztoken.Options{Refresh: tc.policy})
			requireNoHarm(t, use(t, c, start))
			imds.BreakFor(24*time.Hour, fault)
			end := time.Now().Add(24 * time.Hour)
			u := use(t, c, 48*time.Hour)
			require.Zero(t, u.waited)
			require.Zero(t, u.expired)
			if u.failed > 0 {
				require.LessOrEqual(t, u.lastFailure.Sub(u.firstFailure), tc.dark)
				require.LessOrEqual(t, u.lastFailure.Sub(end), 6*time.Minute)
			}
		})
	}
}

// How long callers have no token in the worst case: go test -run TestOutageTable -v .
func TestOutageTable(t *testing.T) {
	t.Parallel()
	table := "\n| outage | HalfLife | MaxAge(1 h) |\n|---|---|---|\n"
	for _, length := range []time.Duration{time.Hour, 6 * time.Hour, 12 * time.Hour, 18 * time.Hour, 24 * time.Hour} {
		halfLife := worstOutage(t, aztoken.HalfLife(), length)
		maxAge := worstOutage(t, aztoken.MaxAge(time.Hour), length)
		require.LessOrEqual(t, halfLife, max(0, length-12*time.Hour)+time.Minute)
		require.LessOrEqual(t, maxAge, max(0, length-23*time.Hour)+time.Minute)
		table += fmt.Sprintf("| %.0f h | %s | %s |\n", length.Hours(), dark(halfLife), dark(maxAge))
	}
	t.Log(table)
}

func TestIdle(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "resource is dropped after a life of its token", func(t *testing.T) {
		imds := imdstest.New(nil)
		var dropped atomic.Int32
		c := over(t, imds, aztoken.Options{OnEvent: func(e aztoken.Event) {
			if e.Kind == aztoken.EventDropped {
				dropped.Add(1)
			}
		}})
		require.NoError(t, c.Warm(t.Context(), resource))
		time.Sleep(23 * time.Hour)
		require.Len(t, c.Status().Resources, 1)
		time.Sleep(30 * time.Hour)
		require.Empty(t, c.Status().Resources)
		require.EqualValues(t, 1, dropped.Load())
		asked := imds.Count()
		time.Sleep(1000 * time.Hour)
		require.Equal(t, asked, imds.Count())
		requireNoHarm(t, use(t, c, 50*time.Hour))
	})
	inVirtualTime(t, "resource is dropped after days of use too", func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		requireNoHarm(t, use(t, c, 72*time.Hour))
		time.Sleep(49 * time.Hour)
		require.Empty(t, c.Status().Resources)
	})
	inVirtualTime(t, "token with a moving end is dropped too", func(t *testing.T) {
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			return azcore.AccessToken{Token: "static", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
		requireNoHarm(t, use(t, c, 5*time.Hour))
		time.Sleep(3 * time.Hour)
		require.Empty(t, c.Status().Resources, "the life is that of the first look")
	})
	inVirtualTime(t, "resource is not one whose caller waits", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		require.NoError(t, c.Warm(t.Context(), resource))
		time.Sleep(time.Hour)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		// The outage begins before the refresh and lasts until half an hour after the token's end.
		imds.BreakFor(23*time.Hour+45*time.Minute, imdstest.Status(400))
		time.Sleep(time.Until(tok.ExpiresOn) + 45*time.Minute)
		require.NoError(t, c.Warm(t.Context(), resource), "a caller waits for the token")
		time.Sleep(2 * time.Hour) // a lifetime after the last use of the previous token
		require.Len(t, c.Status().Resources, 1)
		time.Sleep(25 * time.Hour)
		require.Empty(t, c.Status().Resources)
	})
	inVirtualTime(t, "resource is not one whose callers are challenged", func(t *testing.T) {
		source := new(counting)
		c := newClient(t, aztoken.Options{Credential: source})
		require.NoError(t, c.Warm(t.Context(), resource))
		for range 10 {
			time.Sleep(8 * time.Hour)
			require.Len(t, c.Status().Resources, 1)
			_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
			require.NoError(t, err)
		}
		time.Sleep(49 * time.Hour)
		require.Empty(t, c.Status().Resources)
	})
}

// worstOutage is the longest time without a token in an outage of some length, which begins at 24
// different times in a token's life.
func worstOutage(t *testing.T, policy aztoken.RefreshPolicy, length time.Duration) (worst time.Duration) {
	for start := time.Duration(0); start < 24*time.Hour; start += time.Hour {
		synctest.Test(t, func(t *testing.T) {
			var down atomic.Bool
			var minted atomic.Int32
			opts := aztoken.Options{Refresh: policy, Getenv: noHost}
			opts.Transport = handlerTransport(func(w http.ResponseWriter, _ *http.Request) {
				if down.Load() {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":"86400"}`, minted.Add(1))
			})
			c, err := aztoken.NewClient(&opts)
			require.NoError(t, err)
			defer func() { require.NoError(t, c.Close()) }()
			requireNoHarm(t, use(t, c, 25*time.Hour+start))
			down.Store(true)
			end := time.Now().Add(length)
			if u := use(t, c, length); u.failed > 0 {
				worst = max(worst, end.Sub(u.firstFailure))
			}
		})
	}
	return worst
}

func dark(d time.Duration) string {
	if d == 0 {
		return "no call fails"
	}
	return fmt.Sprintf("at worst %.1f h without a token", d.Hours())
}
