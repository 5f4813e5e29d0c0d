package verify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

const (
	interval = 5 * time.Minute  // between fetches for keys that are not known
	limit    = 10 * time.Second // of one fetch
	reach    = 24 * time.Hour   // of the last good keys
)

func TestBadSignaturesOfAKnownKeyFetchNothing(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		time.Sleep(30 * time.Minute)
		for range 200 {
			reject(t, v, mint(func(j *jwt) { j.key = second() }), verify.ErrSignature)
		}
		require.Equal(t, 1, entra.tries())
	})
}

func TestUnknownKeysOneByOneFetchOnceInAnInterval(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		token := mint()
		const hours = 3
		for n := range hours * 3600 / 10 {
			asked := time.Now()
			reject(t, v, unsigned(fmt.Sprint("unknown-", n)), verify.ErrSignature)
			require.Zero(t, time.Since(asked))
			accept(t, v, token)
			time.Sleep(10 * time.Second)
		}
		require.GreaterOrEqual(t, entra.tries(), hours*11)
		require.LessOrEqual(t, entra.tries(), hours*12+2) // the first is not for an unknown key
		requireApart(t, entra, interval)
	})
}

// requireApart wants fetches to begin at least so long after each other, but for the first, which
// is for no unknown key.
func requireApart(t *testing.T, entra *issuer, least time.Duration) {
	t.Helper()
	tries := entra.asks("/.well-known/openid-configuration")
	for i := range tries[2:] {
		require.GreaterOrEqual(t, tries[i+2].at.Sub(tries[i+1].at), least)
	}
}

func TestUnknownKeysAtOnceShareAFetchAndHinderNobody(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		slow time.Duration
		want error
	}{"slow": {4 * time.Second, verify.ErrSignature}, "hanging": {time.Hour, verify.ErrKeysUnavailable}} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				v := warm(t, entra)
				time.Sleep(interval)
				entra.delay(tc.slow)
				var callers sync.WaitGroup
				for n := range 200 {
					callers.Go(func() {
						asked := time.Now()
						_, err := v.Verify(t.Context(), unsigned(fmt.Sprint("unknown-", n)))
						require.ErrorIs(t, err, tc.want)
						require.LessOrEqual(t, time.Since(asked), limit)
					})
				}
				synctest.Wait()
				for range 3 { // while they wait
					asked := time.Now()
					accept(t, v, mint(claim("uti", time.Now().String())))
					require.Zero(t, time.Since(asked))
					time.Sleep(time.Second)
				}
				callers.Wait()
				require.Equal(t, 2, entra.tries())
			})
		})
	}
}

func TestNobodyWaitsLongerThanAFetchInAFloodDuringAnOutage(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		entra.fail(hangs)
		time.Sleep(2 * time.Hour)
		var callers sync.WaitGroup
		for n := range 600 {
			callers.Go(func() {
				asked := time.Now()
				_, err := v.Verify(t.Context(), unsigned(fmt.Sprint("unknown-", n)))
				require.ErrorIs(t, err, verify.ErrKeysUnavailable)
				require.LessOrEqual(t, time.Since(asked), limit)
			})
			asked := time.Now()
			accept(t, v, mint())
			require.Zero(t, time.Since(asked))
			time.Sleep(time.Second)
		}
		callers.Wait()
	})
}

func TestKnownKeysServeADayWithoutEntra(t *testing.T) {
	t.Parallel()
	for name, failure := range failures {
		if strings.Contains(name, "endless") {
			// A MiB for each of the day's fetches takes too long, and a cold start tests it too.
			continue
		}
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				v := warm(t, entra)
				end := time.Now().Add(reach)
				entra.fail(failure)
				kept := mint(expires(48 * time.Hour))
				for time.Until(end) > 0 {
					asked := time.Now()
					accept(t, v, kept)
					accept(t, v, mint(expires(48*time.Hour)))
					require.Zero(t, time.Since(asked))
					time.Sleep(min(20*time.Minute, max(time.Second, time.Until(end)-time.Second)))
				}
				require.Contains(t, reject(t, v, kept, verify.ErrKeysUnavailable).Error(), "call again later")
				reject(t, v, mint(), verify.ErrKeysUnavailable)
				entra.fail(nil)
				time.Sleep(time.Minute)
				accept(t, v, kept)
			})
		})
	}
}

func TestAColdStartWithoutEntraSaysNothingAboutTheToken(t *testing.T) {
	t.Parallel()
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				entra.fail(failure)
				v := open(t, entra)
				for n := range 30 { // first callers, later ones, with a known key and a made-up one
					token := mint()
					if n%3 == 2 {
						token = unsigned("unknown")
					}
					asked := time.Now()
					err := reject(t, v, token, verify.ErrKeysUnavailable)
					require.LessOrEqual(t, time.Since(asked), limit)
					var e *verify.Error
					require.ErrorAs(t, err, &e)
					require.GreaterOrEqual(t, e.RetryAfter, time.Second)
					require.LessOrEqual(t, e.RetryAfter, time.Minute)
					require.Contains(t, err.Error(), "Options.KeyFile")

					w := httptest.NewRecorder()
					v.Handler(http.NotFoundHandler()).ServeHTTP(w, request(token))
					require.Equal(t, http.StatusServiceUnavailable, w.Code)
					seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
					require.NoError(t, err)
					require.Positive(t, seconds)
					require.Empty(t, w.Header().Get("WWW-Authenticate"))
					time.Sleep(7 * time.Second)
				}
				entra.fail(nil)
				time.Sleep(time.Minute + limit)
				accept(t, v, mint())
			})
		})
	}
}

func TestAFailedFetchLeavesTheNextOneItsTurn(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		time.Sleep(10 * time.Minute)
		entra.publish(first().jwk(), second().jwk())
		entra.fail(refuses)
		reject(t, v, mint(by(second())), verify.ErrKeysUnavailable)
		entra.fail(nil)
		time.Sleep(time.Second)
		accept(t, v, mint(by(second())))
	})
}

func TestFailedFetchesAreRepeatedAfterASecondToAMinute(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		entra.fail(says(503, ""))
		v := open(t, entra)
		reject(t, v, mint(), verify.ErrKeysUnavailable)
		time.Sleep(time.Hour)
		tries := entra.asks("")
		require.LessOrEqual(t, len(tries), 140)
		for i := range tries[1:] {
			apart := tries[i+1].at.Sub(tries[i].at)
			require.LessOrEqual(t, apart, time.Minute)
			switch {
			case i == 0:
				require.LessOrEqual(t, apart, time.Second)
			case i > 7:
				require.GreaterOrEqual(t, apart, 30*time.Second)
			}
			require.GreaterOrEqual(t, apart, 500*time.Millisecond)
		}
	})
}

func TestAFloodDoesNotShortenTheBackoff(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		entra.fail(says(503, ""))
		time.Sleep(interval)
		for n := range 3600 {
			reject(t, v, unsigned(fmt.Sprint("unknown-", n)), verify.ErrKeysUnavailable)
			time.Sleep(time.Second)
		}
		require.LessOrEqual(t, entra.tries(), 140)
	})
}

func TestANewKeyIsFoundWithinTheIntervalInAFlood(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		var published time.Time
		for n := range 3000 {
			reject(t, v, unsigned(fmt.Sprint("unknown-", n)), verify.ErrSignature)
			if n == 1234 {
				entra.publish(first().jwk(), second().jwk())
				published = time.Now()
			}
			if n > 1234 {
				if _, err := v.Verify(t.Context(), mint(by(second()))); err == nil {
					break
				}
			}
			require.True(t, published.IsZero() || time.Since(published) < interval)
			time.Sleep(time.Second)
		}
		require.False(t, published.IsZero())
		accept(t, v, mint())
		requireApart(t, entra, interval)
	})
}

func TestANewKeyIsAcceptedAtOnceIfNobodyLookedForOneLately(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		v := warm(t, entra)
		time.Sleep(interval)
		entra.publish(second().jwk())
		accept(t, v, mint(by(second())))
		require.Equal(t, 2, entra.tries())
	})
}

func TestAReplacedKeyIsRefusedAfterTheNextRefreshWithWhatWasRemembered(t *testing.T) {
	t.Parallel()
	renewed := second()
	renewed.kid = "first"
	for name, keys := range map[string][]any{
		"another key":       {renewed.jwk()},
		"weak now":          {second().jwk(), first().jwk(map[string]any{"e": "AQ"})},
		"two of one id":     {second().jwk(), first().jwk(), renewed.jwk()},
		"of another tenant": {second().jwk(), first().jwk(map[string]any{"issuer": "https://login.microsoftonline.com/" + otherTenant + "/v2.0"})},
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				entra := issue(first().jwk())
				v := warm(t, entra)
				token := mint()
				accept(t, v, token)
				entra.publish(keys...)
				for entra.fetches() == 1 {
					accept(t, v, token)
					time.Sleep(time.Second)
					synctest.Wait()
				}
				require.LessOrEqual(t, time.Since(start), time.Hour+time.Second)
				want := verify.ErrSignature
				if name == "of another tenant" {
					want = verify.ErrIssuer
				}
				reject(t, v, token, want)
				reject(t, v, mint(), want)
			})
		})
	}
}

func TestTheFirstCallerMayGiveUp(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		entra.delay(2 * time.Second)
		v := open(t, entra)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var callers sync.WaitGroup
		callers.Go(func() {
			_, err := v.Verify(ctx, mint())
			require.ErrorIs(t, err, verify.ErrKeysUnavailable)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, time.Second, time.Since(start))
		})
		synctest.Wait()
		for range 10 {
			callers.Go(func() {
				accept(t, v, mint())
				require.Equal(t, 4*time.Second, time.Since(start))
			})
		}
		callers.Wait()
		require.Equal(t, 1, entra.tries())
	})
}

func TestAGoodTokenOfAKnownKeyNeedsNoContext(t *testing.T) {
	virtually(t, func(t *testing.T) {
		v := warm(t, issue(first().jwk()))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := v.Verify(ctx, mint())
		require.NoError(t, err)
	})
}

func TestKeysAreRefreshedEveryHourInTheBackground(t *testing.T) {
	virtually(t, func(t *testing.T) {
		entra := issue(first().jwk())
		warm(t, entra)
		time.Sleep(72 * time.Hour)
		require.GreaterOrEqual(t, entra.fetches(), 72)
		require.LessOrEqual(t, entra.fetches(), 81)
		requireApart(t, entra, 54*time.Minute)
	})
}

func TestAThousandKeysForThreeDaysStayAThousand(t *testing.T) {
	virtually(t, func(t *testing.T) {
		count := 1000
		if raced || testing.Short() {
			count = 100
		}
		rotated := func(day int) (keys []any) {
			for n := range count - 1 {
				keys = append(keys, first().jwk(map[string]any{"kid": fmt.Sprint("key-", day, "-", n)}))
			}
			return append(keys, first().jwk())
		}
		entra := issue(rotated(0)...)
		v := warm(t, entra)
		for hour := range 72 {
			if hour%6 == 0 {
				entra.publish(rotated(hour)...)
			}
			for range 20 {
				accept(t, v, mint())
			}
			reject(t, v, unsigned("key-99"), verify.ErrSignature)
			time.Sleep(time.Hour)
			require.GreaterOrEqual(t, v.KeysHeld(), count)
			require.LessOrEqual(t, v.KeysHeld(), min(1000, 2*count), "with those that answers lack of late")
		}
		require.GreaterOrEqual(t, entra.fetches(), 72)
	})
}
