package aztoken_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestADayOldTokenIsReplacedBetweenAThirdAndAHalfOfItsLife(t *testing.T) {
	virtually(t, func(t *testing.T) {
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
}

// outages are the ways in which an endpoint can be out of order.
var outages = []imdstest.Fault{
	imdstest.Status(503), imdstest.Status(429), imdstest.Status(429).WithRetryAfter(24 * time.Hour), imdstest.Status(410), imdstest.Status(400),
	imdstest.Refused(), imdstest.Dropped(), imdstest.Hang(), imdstest.Closed(), imdstest.Truncated(), imdstest.NotJSON(), imdstest.EntraDown(),
}

func TestAnOutageOfHalfATokensLifeHarmsNobody(t *testing.T) {
	t.Parallel()
	for _, fault := range outages {
		for start := time.Hour; start <= 25*time.Hour; start += time.Hour {
			t.Run(fmt.Sprintf("%v after %v", fault, start), func(t *testing.T) {
				virtually(t, func(t *testing.T) {
					imds := imdstest.New(&imdstest.Options{MintAfter: -1})
					c := over(t, imds, aztoken.Options{})
					requireNoHarm(t, use(t, c, start))
					imds.BreakFor(12*time.Hour, fault)
					requireNoHarm(t, use(t, c, 60*time.Hour-start))
					require.LessOrEqual(t, imds.Count(), 250)
				})
			})
		}
	}
}

func TestAnOutageOfAWholeLifeCostsWhatThePolicyLeavesOpen(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		policy aztoken.RefreshPolicy
		dark   time.Duration
	}{
		"HalfLife":    {aztoken.HalfLife(), 12 * time.Hour},
		"MaxAge(1 h)": {aztoken.MaxAge(time.Hour), 70 * time.Minute},
	} {
		for _, fault := range outages {
			for start := time.Hour; start <= 25*time.Hour; start += 4 * time.Hour {
				t.Run(fmt.Sprintf("%s, %v after %v", name, fault, start), func(t *testing.T) {
					virtually(t, func(t *testing.T) {
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
				})
			}
		}
	}
}

func TestAHostThatGivesOneTokenToItsEndIsNotHammered(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]aztoken.RefreshPolicy{"HalfLife": aztoken.HalfLife(), "MaxAge(1 h)": aztoken.MaxAge(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: 24*time.Hour - 5*time.Minute})
				requireNoHarm(t, use(t, over(t, imds, aztoken.Options{Refresh: policy}), 48*time.Hour))
				require.LessOrEqual(t, imds.Count(), 200)
			})
		})
	}
}

func TestMaxAgeGetsANewTokenFromIMDSAboutEveryHour(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil) // mints anew when its own token is an hour old
		c := over(t, imds, aztoken.Options{Refresh: aztoken.MaxAge(time.Hour)})
		u := use(t, c, 48*time.Hour)
		requireNoHarm(t, u)
		require.GreaterOrEqual(t, len(u.tokens), 40)
		require.LessOrEqual(t, imds.Count(), 110)
	})
}

func TestTheServersRefreshInIsHonouredWhereItIsEarlier(t *testing.T) {
	t.Parallel()
	for refreshIn, most := range map[string]int{`"3600"`: 12, `"0"`: 3, `"1"`: 610, `"80000"`: 3, `""`: 3, `null`: 3} {
		t.Run(refreshIn, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
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
		})
	}
}

func TestAnSDKClientRidesThroughAHangingEndpoint(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		seen := map[string]bool{}
		service := handlerTransport(func(_ http.ResponseWriter, r *http.Request) { seen[r.Header.Get("Authorization")] = true })
		pipeline := runtime.NewPipeline("test", "v1.0.0", runtime.PipelineOptions{
			PerRetry: []policy.Policy{runtime.NewBearerTokenPolicy(c, []string{resource + "/.default"}, nil)},
		}, &policy.ClientOptions{Transport: service})
		call := func() {
			start := time.Now()
			req, err := runtime.NewRequest(t.Context(), http.MethodGet, resource+"/orders")
			require.NoError(t, err)
			resp, err := pipeline.Do(req)
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode)
			require.Zero(t, time.Since(start))
		}
		for minute := range 48 * 60 {
			if minute == 13*60 {
				imds.BreakFor(12*time.Hour, imdstest.Hang())
			}
			call()
			time.Sleep(time.Minute)
		}
		require.GreaterOrEqual(t, len(seen), 3, "the tokens rotate")
	})
}

func TestEveryHitHasRefreshOn(t *testing.T) {
	virtually(t, func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		for range 40 {
			got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, EnableCAE: true})
			require.NoError(t, err)
			require.False(t, got.RefreshOn.IsZero())
			require.True(t, got.RefreshOn.Before(got.ExpiresOn))
			time.Sleep(time.Hour)
		}
	})
}

func TestTheServersAdviceIsTakenOnceForATokenThatStaysTheSame(t *testing.T) {
	virtually(t, func(t *testing.T) {
		asked := 0
		end := time.Now().Add(24 * time.Hour)
		c := overFunc(t, func() string {
			asked++
			return fmt.Sprintf(`{"access_token":"the-token","expires_on":"%d","refresh_in":"600"}`, end.Unix())
		})
		requireNoHarm(t, use(t, c, 20*time.Hour))
		require.LessOrEqual(t, asked, 10)
	})
}

func TestATokenIsServedToItsEndLessTwoSeconds(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(400))
		time.Sleep(time.Until(tok.ExpiresOn) - 2*time.Second - time.Millisecond)
		last, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, tok.Value(), last.Value())
		time.Sleep(time.Millisecond)
		_, err = c.Token(t.Context(), resource)
		require.Error(t, err)
	})
}

func TestRetryAfterIsObeyedInTheBackground(t *testing.T) {
	virtually(t, func(t *testing.T) {
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
}

// The table of the README: go test -run TestTheTableOfOutages -v .
func TestTheTableOfOutages(t *testing.T) {
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

// worstOutage is the longest time without a token that an outage of some length costs, of 24 starts in a token's life.
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
