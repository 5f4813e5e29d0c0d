package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	azruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestFlight(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "is one request for ten thousand callers", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		imds.Break(imdstest.Slow(50 * time.Millisecond))
		errs, late := callers(t, over(t, imds, aztoken.Options{}), 10_000, time.Second)
		require.NoError(t, errors.Join(errs...))
		require.Zero(t, late)
		require.Equal(t, 1, imds.Count())
	})
	t.Run("to an endpoint that fails, is three requests for ten thousand callers, who keep their deadlines", func(t *testing.T) {
		t.Parallel()
		for _, fault := range outages {
			inVirtualTime(t, fault.String(), func(t *testing.T) {
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
		}
	})
	inVirtualTime(t, "tells a caller that gives up of its own deadline and of what the endpoint said", func(t *testing.T) {
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
	inVirtualTime(t, "outlives the caller that began it", func(t *testing.T) {
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
	inVirtualTime(t, "serves callers with short deadlines from the second call on", func(t *testing.T) {
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
	t.Run("is bounded for callers without a deadline", func(t *testing.T) {
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
			inVirtualTime(t, tc.fault.String(), func(t *testing.T) {
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
		}
	})
	inVirtualTime(t, "outlasts an upgrade of seventy seconds", func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.BreakFor(70*time.Second, imdstest.Status(410))
		_, err := over(t, imds, aztoken.Options{}).Token(t.Context(), resource)
		require.NoError(t, err)
	})
	inVirtualTime(t, "is not undone by the late reply to a refresh", func(t *testing.T) {
		replies := []struct {
			token string
			after time.Duration
		}{{"first", 0}, {"late", 20 * time.Second}, {"replacement", 0}}
		asked := 0
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			r := replies[min(asked, len(replies)-1)]
			asked++
			time.Sleep(r.after)
			return azcore.AccessToken{Token: r.token, ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(time.Until(first.RefreshOn) + time.Second) // the background refresh is under way
		synctest.Wait()
		require.Equal(t, 2, asked)
		c.Invalidate(first)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "replacement", tok.Value())
		time.Sleep(time.Minute)
		tok, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "replacement", tok.Value())
	})
	inVirtualTime(t, "that brings a token of a shorter life, leaves the one that is held", func(t *testing.T) {
		var asked atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			life := 24 * time.Hour
			n := asked.Add(1)
			if n > 1 {
				life = 5 * time.Second
			}
			return azcore.AccessToken{Token: fmt.Sprint("token-", n), ExpiresOn: time.Now().Add(life)}, nil
		})
		requireNoHarm(t, use(t, c, 23*time.Hour))
		require.LessOrEqual(t, asked.Load(), int32(20))
	})
	inVirtualTime(t, "that replaced the token, is not charged with the late failure of a refresh", func(t *testing.T) {
		var asked atomic.Int32
		failed := 0
		c := newClient(t, aztoken.Options{
			Credential: source(func(context.Context) (azcore.AccessToken, error) {
				n := asked.Add(1)
				if n == 2 {
					time.Sleep(20 * time.Second)
					return azcore.AccessToken{}, errors.New("too late")
				}
				return accessToken(fmt.Sprint("token-", n), 24*time.Hour), nil
			}),
			OnEvent: func(e aztoken.Event) {
				if e.Kind == aztoken.EventFailed {
					failed++
				}
			},
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(time.Until(first.RefreshOn) + time.Second) // the refresh is under way
		c.Invalidate(first)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "token-3", tok.Value())
		time.Sleep(time.Minute)
		require.Equal(t, []aztoken.ResourceStatus{
			{Resource: resource, AcquiredOn: tok.AcquiredOn, ExpiresOn: tok.ExpiresOn, RefreshOn: tok.RefreshOn, Source: "endpoint"},
		}, c.Status().Resources)
		require.Zero(t, failed)
		requireNoHarm(t, use(t, c, 24*time.Hour))
	})
	inVirtualTime(t, "that brought a token which has ended, gives way to the late reply to a refresh", func(t *testing.T) {
		var asked atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			n := asked.Add(1)
			switch n {
			case 2:
				time.Sleep(20 * time.Second)
				return accessToken("late", 24*time.Hour), nil
			case 3:
				return accessToken("short", 10*time.Second), nil
			}
			return accessToken(fmt.Sprint("token-", n), 24*time.Hour), nil
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(time.Until(first.RefreshOn) + time.Second) // the refresh is under way
		c.Invalidate(first)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "short", tok.Value())
		time.Sleep(30 * time.Second)
		tok, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "late", tok.Value())
		require.EqualValues(t, 3, asked.Load())
	})
	inVirtualTime(t, "that fails, has the token that a refresh brought meanwhile", func(t *testing.T) {
		var asked atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			n := asked.Add(1)
			switch n {
			case 1:
				return accessToken("token-1", 70*time.Second), nil
			case 2: // the refresh, a minute later
				time.Sleep(20 * time.Second)
				return accessToken("token-2", 24*time.Hour), nil
			}
			time.Sleep(30 * time.Second)
			return azcore.AccessToken{}, errors.New("the flight fails")
		})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(70 * time.Second)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "token-2", tok.Value())
		require.EqualValues(t, 3, asked.Load())
		require.Zero(t, c.Status().Resources[0].Failures, "a failure that harmed nobody is not noted")
	})
}

func TestFailure(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "answers for some seconds, and then the endpoint is asked again", func(t *testing.T) {
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
	inVirtualTime(t, "with a Retry-After of 68 years, answers for a minute", func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Next(imdstest.Status(429).WithRetryAfter(2147483647 * time.Second))
		c := over(t, imds, aztoken.Options{})
		for range 2 {
			_, err := c.Token(t.Context(), resource)
			require.ErrorContains(t, err, "429")
			time.Sleep(59 * time.Second)
		}
		require.Equal(t, 1, imds.Count())
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
	})
	inVirtualTime(t, "is listed by Status while it answers", func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Next(imdstest.Status(400))
		c := over(t, imds, aztoken.Options{})
		start := time.Now().UTC()
		_, err := c.Token(t.Context(), resource)
		require.Error(t, err)
		require.Equal(t, []aztoken.ResourceStatus{
			{Resource: resource, Failures: 1, LastError: err.Error(), LastErrorOn: start},
		}, c.Status().Resources)
		time.Sleep(3 * time.Second)
		require.Empty(t, c.Status().Resources)
	})
	inVirtualTime(t, "is forgotten when another flight brings a token", func(t *testing.T) {
		var asked atomic.Int32
		c := newClient(t, aztoken.Options{Credential: source(func(context.Context) (azcore.AccessToken, error) {
			n := asked.Add(1)
			value := fmt.Sprint("token-", n)
			time.Sleep(time.Duration(n) * 500 * time.Millisecond)
			if value == "token-1" {
				return azcore.AccessToken{}, errors.New("the first fails")
			}
			return accessToken(value, 24*time.Hour), nil
		})})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Token(t.Context(), resource)
			require.Error(t, err)
		})
		synctest.Wait()
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err)
		wg.Wait()
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "token-2", tok.Value())
		c.Invalidate(tok)
		tok, err = c.Token(t.Context(), resource)
		require.NoError(t, err, "the note of the first would have answered for two seconds")
		require.Equal(t, "token-3", tok.Value())
	})
	inVirtualTime(t, "of a challenge whose token ends meanwhile, is forgotten with its success", func(t *testing.T) {
		var asked atomic.Int32
		challenges := 0
		c := newClient(t, aztoken.Options{Credential: credential(func(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
			unavailable := &azcore.ResponseError{StatusCode: http.StatusServiceUnavailable, RawResponse: &http.Response{}}
			if o.Claims == "" {
				n := asked.Add(1)
				if n > 1 {
					return azcore.AccessToken{}, unavailable
				}
				return accessToken("token-1", 59*time.Second), nil
			}
			if challenges++; challenges == 1 {
				time.Sleep(20 * time.Second)
				return azcore.AccessToken{}, unavailable
			}
			return accessToken("token-2", 24*time.Hour), nil
		})})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(50 * time.Second) // seven seconds before it is served no more
		got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err, "a caller without a deadline has it when the flight has")
		require.Equal(t, "token-2", got.Token)
		time.Sleep(time.Minute)
		status := c.Status().Resources
		require.Len(t, status, 1)
		require.Zero(t, status[0].Failures)
		require.Empty(t, status[0].LastError)
	})
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "is for exactly the token in use", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		c.Invalidate(aztoken.Token{})
		elsewhere, err := over(t, imds, aztoken.Options{}).Token(t.Context(), resource)
		require.NoError(t, err)
		c.Invalidate(elsewhere)
		again, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, first.Value(), again.Value())
		c.Invalidate(first)
		second, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.NotEqual(t, first.Value(), second.Value())
		c.Invalidate(first)
		synctest.Wait()
		require.Equal(t, 3, imds.Count(), "the other client's among them")
		requireNoHarm(t, use(t, c, 48*time.Hour))
	})
	inVirtualTime(t, "while the endpoint hangs, costs no call its deadline", func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Hang())
		for _, patience := range []time.Duration{time.Second, time.Minute} {
			c.Invalidate(first)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			start := time.Now()
			again, err := c.Token(ctx, resource)
			cancel()
			require.NoError(t, err)
			require.Equal(t, first.Value(), again.Value())
			require.LessOrEqual(t, time.Since(start), 2*time.Second)
			time.Sleep(3 * time.Hour) // the hold-off is over
		}
		require.Equal(t, 1, len(c.Status().Resources))
	})
	inVirtualTime(t, "without any caller, puts the token back when the endpoint fails", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(400))
		c.Invalidate(first)
		time.Sleep(time.Second)
		again, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, first.Value(), again.Value())
	})
	inVirtualTime(t, "accepts a token that ends sooner", func(t *testing.T) {
		lives := []time.Duration{24 * time.Hour, time.Hour}
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			life := lives[0]
			lives = lives[1:]
			return azcore.AccessToken{Token: fmt.Sprint("token-", life), ExpiresOn: time.Now().Add(life)}, nil
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		c.Invalidate(first)
		next, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "token-1h0m0s", next.Value())
	})
	inVirtualTime(t, "asks for another token itself", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		c.Invalidate(first)
		synctest.Wait()
		require.Equal(t, 2, imds.Count(), "no caller has come yet")
		again, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.NotEqual(t, first.Value(), again.Value())
	})
	inVirtualTime(t, "counts its two seconds from the call, and not from the next caller", func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Hang())
		for after, wait := range map[time.Duration]time.Duration{1500 * time.Millisecond: 500 * time.Millisecond, 20 * time.Second: 0} {
			c.Invalidate(first)
			time.Sleep(after)
			require.Equal(t, wait, took(func() {
				again, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				require.Equal(t, first.Value(), again.Value())
			}), "%v after Invalidate", after)
			time.Sleep(3 * time.Hour) // the hold-off is over
		}
	})
	inVirtualTime(t, "of a token that ended while it was withheld, leaves callers to their deadline", func(t *testing.T) {
		var asked atomic.Int32
		c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
			n := asked.Add(1)
			if n == 1 {
				return accessToken("token-1", 10*time.Second), nil
			}
			time.Sleep(5 * time.Second)
			return accessToken("token-2", 24*time.Hour), nil
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(7 * time.Second)
		c.Invalidate(first)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		_, err = c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		again, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, "token-2", again.Value())
		require.EqualValues(t, 2, asked.Load())
	})
	inVirtualTime(t, "again and again, withholds the token once", func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Hang())
		var waited time.Duration
		for range 60 {
			c.Invalidate(first)
			waited += took(func() {
				_, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
			})
			time.Sleep(time.Second)
		}
		require.Equal(t, 2*time.Second, waited)
	})
	inVirtualTime(t, "does not wait for an observer", func(t *testing.T) {
		c := over(t, imdstest.New(&imdstest.Options{MintAfter: -1}), aztoken.Options{
			OnEvent: func(aztoken.Event) { time.Sleep(time.Second) },
		})
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Zero(t, took(func() { c.Invalidate(first) }))
	})
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	t.Run("goes past the cache", func(t *testing.T) {
		t.Parallel()
		var asked []string
		c, err := aztoken.NewClient(&aztoken.Options{Credential: credential(func(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
			asked = append(asked, o.Claims)
			return azcore.AccessToken{Token: fmt.Sprint("token-", len(asked)), ExpiresOn: time.Now().Add(time.Hour)}, nil
		})})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, c.Close()) })
		for i, want := range []string{"token-1", "token-1", "token-2", "token-2"} {
			claims := ""
			if i == 2 {
				claims = "{claims}"
			}
			got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
			require.NoError(t, err)
			require.Equal(t, want, got.Token)
		}
		require.Equal(t, []string{"", "{claims}"}, asked)
	})
	inVirtualTime(t, "without a token, gets one", func(t *testing.T) {
		source := new(counting)
		_, err := newClient(t, aztoken.Options{Credential: source}).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err)
		require.Equal(t, []string{claims}, source.claims)
	})
	inVirtualTime(t, "that brings the same token, is an error that says so", func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		opts := policy.TokenRequestOptions{Scopes: []string{resource}}
		first, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		opts.Claims = claims
		_, err = c.GetToken(t.Context(), opts)
		require.ErrorContains(t, err, "returns the same token again for up to 24 h")
		require.Equal(t, 2, imds.Count())
		opts.Claims = ""
		again, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		require.Equal(t, first.Token, again.Token, "it serves whoever does not challenge it")
	})
	t.Run("on a host that takes no claims, is an error after one request past the cache", func(t *testing.T) {
		t.Parallel()
		for _, p := range platforms {
			if p.name == "Service Fabric" || p.name == "workload identity" || p.name == "identity binding" {
				continue
			}
			inVirtualTime(t, p.name, func(t *testing.T) {
				m := p.machine(t, imdstest.Options{})
				c, err := m.client(t, aztoken.Options{})
				require.NoError(t, err)
				opts := policy.TokenRequestOptions{Scopes: []string{resource}}
				_, err = c.GetToken(t.Context(), opts)
				require.NoError(t, err)
				opts.Claims = "{}"
				_, err = c.GetToken(t.Context(), opts)
				require.ErrorContains(t, err, "the same token again")
				require.Equal(t, 2*p.asks, m.Count(), "one request past the cache")
			})
		}
	})
	inVirtualTime(t, "on Service Fabric, names the token that was rejected", func(t *testing.T) {
		m := on("Service Fabric").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		opts := policy.TokenRequestOptions{Scopes: []string{resource}}
		first, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		opts.Claims = `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`
		second, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
		require.NotEqual(t, first.Token, second.Token, "the platform's cache was passed")
		challenged := m.Requests()[1].Query
		require.Equal(t, []string{"cp1"}, challenged["xms_cc"])
		require.Equal(t, []string{sha256Of(first.Token)}, challenged["token_sha256_to_refresh"])
		require.NotContains(t, m.Requests()[0].Query, "xms_cc")
	})
	inVirtualTime(t, "is not repeated by later refreshes", func(t *testing.T) {
		source := new(counting)
		c := newClient(t, aztoken.Options{Credential: source})
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
		require.NoError(t, err)
		requireNoHarm(t, use(t, c, 24*time.Hour))
		require.Greater(t, len(source.claims), 1)
		for _, later := range source.claims[1:] {
			require.Empty(t, later)
		}
	})
	t.Run("is acted on whatever was rejected before", func(t *testing.T) {
		t.Parallel()
		for name, before := range map[string]func(c *aztoken.Client, token aztoken.Token){
			"while another is looked for": func(c *aztoken.Client, token aztoken.Token) { c.Invalidate(token) },
			"within the hold-off of a rejection": func(c *aztoken.Client, token aztoken.Token) {
				c.Invalidate(token)
				time.Sleep(time.Minute)
			},
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				m := on("Service Fabric").machine(t, imdstest.Options{})
				c, err := m.client(t, aztoken.Options{})
				require.NoError(t, err)
				first, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				before(c, first)
				second, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: "{}"})
				require.NoError(t, err)
				require.NotEqual(t, first.Value(), second.Token)
				synctest.Wait()
				requests := m.Requests()
				require.LessOrEqual(t, len(requests), 3)
				require.True(t, slices.ContainsFunc(requests, func(r imdstest.Request) bool {
					return r.Query.Get("token_sha256_to_refresh") == sha256Of(first.Value())
				}))
			})
		}
	})
	t.Run("of every token of an SDK client, does not hammer the endpoint", func(t *testing.T) {
		t.Parallel()
		for name, mintAfter := range map[string]time.Duration{"a new token each time": -1, "the platform's cache": 0} {
			inVirtualTime(t, name, func(t *testing.T) {
				imds := imdstest.New(&imdstest.Options{MintAfter: mintAfter})
				service := &picky{reject: all, challenge: claimsChallenge}
				pipeline := azruntime.NewPipeline("test", "v1.0.0", azruntime.PipelineOptions{
					PerRetry: []policy.Policy{azruntime.NewBearerTokenPolicy(over(t, imds, aztoken.Options{}), []string{resource + "/.default"}, nil)},
				}, &policy.ClientOptions{Transport: handlerTransport(service.ServeHTTP)})
				for range 50 {
					req, err := azruntime.NewRequest(t.Context(), http.MethodGet, resource)
					require.NoError(t, err)
					resp, err := pipeline.Do(req)
					if err != nil {
						require.ErrorContains(t, err, "no other token")
						continue
					}
					require.Equal(t, 401, resp.StatusCode)
				}
				require.LessOrEqual(t, imds.Count(), 3)
			})
		}
	})
	inVirtualTime(t, "with a deadline, keeps it whatever the endpoint and the observers do", func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		closing := make(awake)
		c := over(t, imds, aztoken.Options{OnEvent: func(aztoken.Event) { closing.sleep(time.Minute) }})
		t.Cleanup(func() { close(closing) })
		require.NoError(t, c.Warm(t.Context(), resource))
		imds.Break(imdstest.Hang())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.Equal(t, time.Second, took(func() {
			_, err := c.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}))
	})
	inVirtualTime(t, "that joined a rejection, holds off the next challenge", func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Slow(time.Second))
		challenge := func() {
			_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
			require.ErrorContains(t, err, "no other token")
		}
		c.Invalidate(tok)
		challenge()
		require.Equal(t, 3, imds.Count(), "one request without the claims and one with them")
		time.Sleep(time.Minute)
		challenge()
		require.Equal(t, 3, imds.Count())
	})
	inVirtualTime(t, "of many callers at once, is one request", func(t *testing.T) {
		var asked []string
		c := newClient(t, aztoken.Options{Credential: credential(func(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
			asked = append(asked, o.Claims)
			value := fmt.Sprint("token-", len(asked))
			time.Sleep(time.Second)
			return accessToken(value, 24*time.Hour), nil
		})})
		require.NoError(t, c.Warm(t.Context(), resource))
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, Claims: claims})
				require.NoError(t, err)
				require.Equal(t, "token-2", got.Token)
			})
		}
		wg.Wait()
		require.Equal(t, []string{"", claims}, asked)
	})
}
