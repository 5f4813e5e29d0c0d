package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
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

// callers asks for a token from n goroutines at once, each with its own deadline, 0 for none. It gives the errors and the
// longest time that a caller took beyond its deadline.
func callers(t *testing.T, c *aztoken.Client, n int, deadline time.Duration) (errs []error, late time.Duration) {
	t.Helper()
	errs = make([]error, n)
	took := make([]time.Duration, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			ctx := t.Context()
			if deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, deadline)
				defer cancel()
			}
			start := time.Now()
			_, errs[i] = c.Token(ctx, resource)
			took[i] = time.Since(start)
		})
	}
	wg.Wait()
	for _, d := range took {
		late = max(late, d-deadline)
	}
	return errs, late
}

func TestTenThousandColdCallersMakeOneRequest(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		errs, late := callers(t, over(t, imds, aztoken.Options{}), 10_000, time.Second)
		require.NoError(t, errors.Join(errs...))
		require.Zero(t, late)
		require.Equal(t, 1, imds.Count())
	})
}

func TestTenThousandCallersOfAFailingEndpointMakeThreeRequestsAndKeepTheirDeadlines(t *testing.T) {
	t.Parallel()
	for _, fault := range outages {
		t.Run(fault.String(), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				imds := imdstest.New(nil)
				t.Cleanup(imds.Close)
				imds.Break(fault)
				errs, late := callers(t, over(t, imds, aztoken.Options{}), 10_000, 5*time.Second)
				require.LessOrEqual(t, late, time.Duration(0))
				require.LessOrEqual(t, imds.Count(), 3)
				for _, err := range errs {
					require.Error(t, err)
					require.NotErrorIs(t, err, context.Canceled)
				}
			})
		})
	}
}

func TestAWaiterIsToldItsOwnDeadlineAndWhatTheEndpointSaid(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Break(imdstest.Status(503))
		c := over(t, imds, aztoken.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var e *aztoken.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 503, e.StatusCode)
		require.Equal(t, resource, e.Resource)
		require.True(t, e.Timeout())
		require.ErrorContains(t, err, "IMDS at http://169.254.169.254")
	})
}

func TestALeaderThatGivesUpDoesNotFailItsFollowers(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Break(imdstest.Slow(10 * time.Second))
		c := over(t, imds, aztoken.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Token(ctx, resource)
			require.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		wg.Go(func() {
			_, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		require.Equal(t, 1, imds.Count())
	})
}

func TestACancelledCallerStartsNothing(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := over(t, imds, aztoken.Options{}).Token(ctx, resource)
		require.ErrorIs(t, err, context.Canceled)
		synctest.Wait()
		require.Zero(t, imds.Count())
	})
}

func TestASlowEndpointServesImpatientCallersFromTheSecondTryOn(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Break(imdstest.Slow(1500 * time.Millisecond))
		c := over(t, imds, aztoken.Options{})
		ask := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := c.Token(ctx, resource)
			return err
		}
		require.ErrorIs(t, ask(), context.DeadlineExceeded)
		require.NoError(t, ask())
		require.Equal(t, 1, imds.Count())
	})
}

func TestACallerWithoutADeadlineIsBounded(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		fault      imdstest.Fault
		from, to   time.Duration
		noIdentity bool
	}{
		{imdstest.Status(503), 60 * time.Second, 2 * time.Minute, false},
		{imdstest.Hang(), 60 * time.Second, 2 * time.Minute, false},
		{imdstest.Status(410), 60 * time.Second, 2 * time.Minute, false},
		{imdstest.Status(400), 0, 0, false},
		{imdstest.Status(401), 0, 0, false},
		{imdstest.Status(403), 0, 0, true},
		{imdstest.Status(405), 0, 0, false},
		{imdstest.Status(429).WithRetryAfter(time.Hour), 0, 0, false},
		{imdstest.NotJSON(), 0, 0, true},
		{imdstest.Refused(), 5 * time.Second, 20 * time.Second, true},
	} {
		t.Run(tc.fault.String(), func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				imds := imdstest.New(nil)
				t.Cleanup(imds.Close)
				imds.Break(tc.fault)
				start := time.Now()
				_, err := over(t, imds, aztoken.Options{}).Token(context.Background(), resource)
				require.Error(t, err)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.GreaterOrEqual(t, time.Since(start), tc.from)
				require.LessOrEqual(t, time.Since(start), tc.to)
				require.Equal(t, tc.noIdentity, errors.Is(err, aztoken.ErrNoManagedIdentity), err)
			})
		})
	}
}

func TestSilenceAfterAnAnswerIsAnOutageAndNotAMissingIdentity(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Refused())
		start := time.Now()
		_, err = c.Token(t.Context(), "https://vault.azure.net")
		require.NotErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		require.Greater(t, time.Since(start), time.Minute, "as long as an upgrade may take")
	})
}

func TestAnUpgradeOfSeventySecondsIsSatOut(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.BreakFor(70*time.Second, imdstest.Status(410))
		_, err := over(t, imds, aztoken.Options{}).Token(t.Context(), resource)
		require.NoError(t, err)
	})
}

func TestAFailureAnswersForSomeSecondsAndThenTheEndpointIsAskedAgain(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Next(imdstest.Status(400))
		c := over(t, imds, aztoken.Options{})
		for range 1000 {
			_, err := c.Token(t.Context(), resource)
			require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		}
		require.Equal(t, 1, imds.Count())
		time.Sleep(5 * time.Second)
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
	})
}

func TestAtMostFourRequestsAreUnderWay(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Break(imdstest.Slow(time.Second))
		c := over(t, imds, aztoken.Options{})
		resources := make([]string, 40)
		for i := range resources {
			resources[i] = fmt.Sprintf("https://service-%d.example.com", i)
		}
		require.NoError(t, c.Warm(t.Context(), resources...))
		require.Equal(t, 4, imds.MaxInFlight())
		time.Sleep(48 * time.Hour)
		require.LessOrEqual(t, imds.MaxInFlight(), 4)
	})
}

func TestBackgroundRefreshesThatHangLeaveAPlaceForCallers(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{Refresh: aztoken.MaxAge(time.Minute)})
		require.NoError(t, c.Warm(t.Context(), "https://a", "https://b", "https://c", "https://d", "https://e"))
		imds.BreakFor(time.Minute+time.Second, imdstest.Hang())
		time.Sleep(time.Minute + 2*time.Second) // the least age of a refresh is a minute
		require.Equal(t, 5+3, imds.Count(), "three refreshes hang")
		start := time.Now()
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Zero(t, time.Since(start))
	})
}

func TestAPanicInASourceIsAnError(t *testing.T) {
	t.Parallel()
	for name, misbehave := range map[string]func(){
		"panic":        func() { panic("boom") },
		"runtime":      func() { var none []int; _ = none[len(none)] },
		"Goexit":       runtime.Goexit,
		"panic(error)": func() { panic(errors.New("boom")) },
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				var well bool
				c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
					if !well {
						misbehave()
					}
					return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
				})
				errs, _ := callers(t, c, 100, time.Minute)
				for _, err := range errs {
					var e *aztoken.Error
					require.ErrorAs(t, err, &e)
					require.NotErrorIs(t, err, context.DeadlineExceeded)
				}
				well = true
				time.Sleep(5 * time.Second)
				_, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
			})
		})
	}
}

// ofCredential returns a client whose source is f.
func ofCredential(t *testing.T, f func(context.Context) (azcore.AccessToken, error)) *aztoken.Client {
	t.Helper()
	c, err := aztoken.NewClient(&aztoken.Options{Credential: credential(func(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
		return f(ctx)
	})})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestASourceThatIgnoresItsContextHoldsUpNobody(t *testing.T) {
	virtually(t, func(t *testing.T) {
		stuck := make(chan struct{})
		var calls atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			if calls.Add(1) == 1 {
				<-stuck
			}
			return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
		defer close(stuck)
		start := time.Now()
		_, err := c.Token(t.Context(), resource)
		require.Error(t, err)
		require.Less(t, time.Since(start), 2*time.Minute)
		time.Sleep(5 * time.Second)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err, "the call that is stuck is not waited for")
	})
}

func TestACredentialsBadTokensAreErrors(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]azcore.AccessToken{
		"zero":          {},
		"empty":         {ExpiresOn: time.Now().Add(time.Hour)},
		"no expiry":     {Token: "secret"},
		"expired":       {Token: "secret", ExpiresOn: time.Now().Add(-time.Hour)},
		"not printable": {Token: "secret\r\nX-Injected: 1", ExpiresOn: time.Now().Add(time.Hour)},
	} {
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) { return bad, nil })
		_, err := c.Token(t.Context(), resource)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "secret", name)
	}
}

func TestACredentialsFailureIsToldAtOnceWithItsCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("az login has expired for eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.e30.x")
	c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) { return azcore.AccessToken{}, cause })
	_, err := c.Token(t.Context(), resource)
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, "az login has expired for REDACTED")
}

func TestAnSDKErrorOfACredentialIsRetriedByItsStatus(t *testing.T) {
	virtually(t, func(t *testing.T) {
		var calls int
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			if calls++; calls == 1 {
				return azcore.AccessToken{}, &azcore.ResponseError{StatusCode: http.StatusServiceUnavailable, ErrorCode: "down", RawResponse: &http.Response{}}
			}
			return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
		})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, 2, calls)
	})
}

// This test weighs the heap of the process and so runs alone.
func TestFailingResourcesLeaveNothingBehind(t *testing.T) {
	before := heapInUse()
	var c *aztoken.Client // not closed: it must be free of them while it lives
	synctest.Test(t, func(t *testing.T) {
		opts := aztoken.Options{Getenv: noHost}
		opts.Transport = handlerTransport(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) })
		var err error
		c, err = aztoken.NewClient(&opts)
		require.NoError(t, err)
		for i := range 20_000 {
			_, err := c.Token(t.Context(), fmt.Sprintf("https://service-%d.example.com", i))
			require.Error(t, err)
			time.Sleep(time.Millisecond) // timers that fire together would leave a goroutine's frame each
		}
		time.Sleep(time.Minute)
		require.Empty(t, c.Status().Resources)
	})
	require.Less(t, heapInUse()-before, int64(1<<20))
	runtime.KeepAlive(c)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAResourceIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(nil)
	c := over(t, imds, aztoken.Options{})
	for _, bad := range []string{"", "/.default", "https://a b", "https://a\n", "https://é", "https://a\x00b"} {
		_, err := c.Token(t.Context(), bad)
		var e *aztoken.Error
		require.ErrorAs(t, err, &e, "%q", bad)
	}
	require.Zero(t, imds.Count())
}
