package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
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

func TestAScopeIsUnderstoodWhereAResourceIsMeant(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(nil)
	c := over(t, imds, aztoken.Options{})
	for scope, want := range map[string]string{
		"https://vault.azure.net":                  "https://vault.azure.net",
		"https://vault.azure.net/.default":         "https://vault.azure.net",
		"https://servicebus.azure.net//.default":   "https://servicebus.azure.net/",
		"api://app/.default/.default":              "api://app/.default",
		"00000000-0000-0000-0000-000000000001":     "00000000-0000-0000-0000-000000000001",
		"https://storage.azure.com/?a=b&c=d#e%20+": "https://storage.azure.com/?a=b&c=d#e%20+",
	} {
		tok, err := c.Token(t.Context(), scope)
		require.NoError(t, err)
		require.Equal(t, want, tok.Resource)
		got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
		require.NoError(t, err)
		require.Equal(t, tok.Value(), got.Token)
	}
	asked := map[string]int{}
	for _, r := range imds.Requests() {
		asked[r.Resource]++
	}
	require.Len(t, asked, 5)
	for resource, n := range asked {
		require.Equal(t, 1, n, resource)
	}
}

func TestGetTokenTakesOneScope(t *testing.T) {
	t.Parallel()
	c := over(t, imdstest.New(nil), aztoken.Options{})
	for _, scopes := range [][]string{nil, {}, {"a", "b"}} {
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: scopes})
		require.ErrorContains(t, err, "exactly one")
	}
}

func TestAManagedIdentityIgnoresTheTenantOfAChallenge(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(&imdstest.Options{MintAfter: -1})
	c := over(t, imds, aztoken.Options{})
	for _, opts := range []policy.TokenRequestOptions{{}, {TenantID: "other"}, {EnableCAE: true}} {
		opts.Scopes = []string{resource}
		_, err := c.GetToken(t.Context(), opts)
		require.NoError(t, err)
	}
	require.Equal(t, 1, imds.Count())
}

func TestACredentialIsAskedForEachTenantAndCAEOnce(t *testing.T) {
	t.Parallel()
	var asked []policy.TokenRequestOptions
	c, err := aztoken.NewClient(&aztoken.Options{Credential: credential(func(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
		asked = append(asked, o)
		return azcore.AccessToken{Token: fmt.Sprint("token-", len(asked)), ExpiresOn: time.Now().Add(time.Hour)}, nil
	})})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	scopes := []string{resource + "/.default"}
	variants := []policy.TokenRequestOptions{
		{Scopes: scopes}, {Scopes: scopes, TenantID: "a"}, {Scopes: scopes, TenantID: "b"}, {Scopes: scopes, EnableCAE: true}, {Scopes: scopes, TenantID: "a", EnableCAE: true},
	}
	for range 3 {
		for i, o := range variants {
			got, err := c.GetToken(t.Context(), o)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint("token-", i+1), got.Token)
		}
	}
	require.Equal(t, variants, asked)
	require.Len(t, c.Status().Resources, 5)
}

func TestClaimsOfAChallengeGoPastTheCache(t *testing.T) {
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
}

func TestTheHotPathAllocatesNothing(t *testing.T) {
	c := warmClient(t, resource)
	ctx, opts := t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, EnableCAE: true, TenantID: "tenant"}
	_, err := c.GetToken(ctx, opts)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.Token(ctx, resource) }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.GetToken(ctx, opts) }))
	rt := &aztoken.Transport{Client: c, Resource: resource, Base: &answer{}}
	req := benchRequest(t)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = rt.RoundTrip(req) }), 3.0)
}

func TestWarmTellsOfEveryResourceThatFailed(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(&imdstest.Options{Resources: []string{"https://good"}})
	c := over(t, imds, aztoken.Options{})
	err := c.Warm(t.Context(), "https://good", "https://bad", "https://worse")
	require.ErrorContains(t, err, `"https://bad"`)
	require.ErrorContains(t, err, `"https://worse"`)
	require.NotContains(t, err.Error(), `"https://good"`)
	require.NoError(t, c.Warm(t.Context(), "https://good"))
	require.NoError(t, c.Warm(t.Context()))
}

func TestHooksForOtherClients(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(nil)
	c := over(t, imds, aztoken.Options{})
	tok, err := c.Token(t.Context(), resource)
	require.NoError(t, err)
	password, err := c.TokenFunc(resource)(t.Context())
	require.NoError(t, err)
	require.Equal(t, tok.Value(), password)

	// what google.golang.org/grpc/credentials calls PerRPCCredentials
	var rpc interface {
		GetRequestMetadata(ctx context.Context, uri ...string) (map[string]string, error)
		RequireTransportSecurity() bool
	} = c.PerRPCCredentials(resource)
	require.True(t, rpc.RequireTransportSecurity())
	metadata, err := rpc.GetRequestMetadata(t.Context(), "https://orders/OrderService")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"authorization": "Bearer " + tok.Value()}, metadata)

	require.NoError(t, c.Close())
	_, err = rpc.GetRequestMetadata(t.Context())
	require.ErrorIs(t, err, aztoken.ErrClosed)
	password, err = c.TokenFunc(resource)(t.Context())
	require.ErrorIs(t, err, aztoken.ErrClosed)
	require.Empty(t, password)
}

func TestCloseEndsEverythingAndCanBeRepeated(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		require.NoError(t, c.Warm(t.Context(), "https://a", "https://b"))
		imds.Break(imdstest.Hang())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Token(context.Background(), resource)
			require.ErrorIs(t, err, aztoken.ErrClosed)
		})
		synctest.Wait()
		start := time.Now()
		for range 3 {
			require.NoError(t, c.Close())
		}
		wg.Wait()
		require.Zero(t, time.Since(start))
		require.ErrorIs(t, c.Warm(t.Context()), aztoken.ErrClosed)
		for _, r := range []string{"https://a", resource, ""} {
			_, err := c.Token(t.Context(), r)
			require.ErrorIs(t, err, aztoken.ErrClosed)
			_, err = c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{r}})
			require.ErrorIs(t, err, aztoken.ErrClosed)
			require.ErrorIs(t, c.Warm(t.Context(), r), aztoken.ErrClosed)
		}
		c.Invalidate(aztoken.Token{})
		c.OnRotate("https://a", func(aztoken.Token) {})()
		require.Empty(t, c.Status().Resources)
		asked := imds.Count()
		time.Sleep(72 * time.Hour)
		require.Equal(t, asked, imds.Count())
	})
}

func TestCloseEndsTheConnectionToTheEndpoint(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(nil)
	closed := make(chan struct{}, 1)
	srv := httptest.NewUnstartedServer(imds)
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	srv.Start()
	defer srv.Close()
	c, err := aztoken.NewClient(&aztoken.Options{Endpoint: srv.URL})
	require.NoError(t, err)
	_, err = c.Token(t.Context(), resource)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	select {
	case <-closed:
	case <-time.After(5 * time.Second): // before an idle connection ends by itself
		t.Error("a connection is left")
	}
}

func TestCloseTellsOfASourceThatDoesNotComeBack(t *testing.T) {
	virtually(t, func(t *testing.T) {
		stuck := make(chan struct{})
		defer close(stuck)
		c, err := aztoken.NewClient(&aztoken.Options{Credential: credential(func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
			<-stuck
			return azcore.AccessToken{}, errors.New("too late")
		})})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, c.Close(), "still running")
	})
}

func TestTheZeroClientIsClosed(t *testing.T) {
	t.Parallel()
	var c aztoken.Client
	_, err := c.Token(t.Context(), resource)
	require.ErrorIs(t, err, aztoken.ErrClosed)
	require.Empty(t, c.Status().Resources)
	require.NoError(t, c.Close())
}

// This test looks at the goroutines of the process and so runs alone.
func TestFiftyIdleResourcesHoldNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		for i := range 50 {
			_, err := c.Token(t.Context(), fmt.Sprintf("https://service-%d.example.com", i))
			require.NoError(t, err)
		}
		synctest.Wait()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		require.NotContains(t, string(stacks), "created by github.com/seed-ac726066/aztoken.")
	})
}

func TestAResourceThatNobodyReadsIsLetGoAfterALife(t *testing.T) {
	virtually(t, func(t *testing.T) {
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
}

func TestOnRotateTellsEveryNewTokenAndKeepsTheResource(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		var mu sync.Mutex
		var got []aztoken.Token
		stop := c.OnRotate(resource+"/.default", func(tok aztoken.Token) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, tok)
		})
		c.OnRotate(resource, func(aztoken.Token) { panic("a bad subscriber") })
		c.OnRotate("https://other", func(aztoken.Token) { t.Error("another resource's token") })
		first, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(100 * time.Hour) // nobody reads
		mu.Lock()
		n := len(got)
		require.GreaterOrEqual(t, n, 8)
		require.Equal(t, first.Value(), got[0].Value())
		for i := range got[1:] {
			require.NotEqual(t, got[i].Value(), got[i+1].Value())
		}
		mu.Unlock()
		stop()
		stop()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		require.Len(t, got, n)
	})
}

func TestASlowSubscriberGetsTheLatestTokenAndHoldsUpNobody(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{Refresh: aztoken.MaxAge(time.Hour)})
		var got []aztoken.Token
		stop := c.OnRotate(resource, func(tok aztoken.Token) {
			got = append(got, tok)
			time.Sleep(10 * time.Hour)
		})
		requireNoHarm(t, use(t, c, 25*time.Hour))
		synctest.Wait()
		require.Len(t, got, 3)
		stop()
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		require.Len(t, got, 3)
	})
}

func TestEventsAndStatusTellHowItGoes(t *testing.T) {
	virtually(t, func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: 20 * time.Hour})
		var mu sync.Mutex
		kinds := map[aztoken.EventKind]int{}
		c := over(t, imds, aztoken.Options{OnEvent: func(e aztoken.Event) {
			mu.Lock()
			defer mu.Unlock()
			kinds[e.Kind]++
			require.Equal(t, resource, e.Resource)
			require.False(t, e.Time.IsZero())
			require.Equal(t, e.Kind == aztoken.EventFailed, e.Err != nil)
		}})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, aztoken.Status{Host: "IMDS at http://169.254.169.254 (the environment names no other host)", Identity: "default", Resources: []aztoken.ResourceStatus{
			{Resource: resource, AcquiredOn: tok.AcquiredOn, ExpiresOn: tok.ExpiresOn, RefreshOn: tok.RefreshOn, Source: "endpoint"},
		}}, c.Status())
		time.Sleep(13 * time.Hour)
		synctest.Wait()
		require.Equal(t, 1, kinds[aztoken.EventAcquired])
		require.Positive(t, kinds[aztoken.EventUnchanged])
		imds.Break(imdstest.Status(503))
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		s := c.Status().Resources[0]
		require.Positive(t, s.Failures)
		require.Equal(t, kinds[aztoken.EventFailed], s.Failures)
		require.Contains(t, s.LastError, "503")
		require.True(t, s.RefreshOn.After(time.Now()))
		imds.Recover()
		requireNoHarm(t, use(t, c, 12*time.Hour))
		require.Zero(t, c.Status().Resources[0].Failures)
		require.Empty(t, c.Status().Resources[0].LastError)
	})
}

func TestAnObserverThatPanicsCostsNobodyAToken(t *testing.T) {
	t.Parallel()
	c := over(t, imdstest.New(nil), aztoken.Options{OnEvent: func(aztoken.Event) { panic("boom") }})
	_, err := c.Token(t.Context(), resource)
	require.NoError(t, err)
}

func TestInvalidateIsForExactlyTheTokenInUse(t *testing.T) {
	virtually(t, func(t *testing.T) {
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
}

func TestAManyHandedClientKeepsItsPromises(t *testing.T) {
	t.Parallel()
	imds := imdstest.New(&imdstest.Options{MintAfter: -1})
	c, err := aztoken.NewClient(&aztoken.Options{ClientOptions: azcore.ClientOptions{Transport: imds}, Getenv: noHost})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				r := fmt.Sprintf("https://service-%d.example.com", j%10)
				tok, err := c.Token(t.Context(), r)
				if err != nil {
					require.ErrorIs(t, err, aztoken.ErrClosed)
					return
				}
				require.Equal(t, r, tok.Resource)
				switch (i + j) % 5 {
				case 0:
					c.Invalidate(tok)
				case 1:
					c.OnRotate(r, func(aztoken.Token) {})()
				case 2:
					_ = c.Status()
				}
				if i == 7 && j == 190 {
					require.NoError(t, c.Close())
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, c.Close())
}
