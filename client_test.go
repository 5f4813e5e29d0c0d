package aztoken_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	azruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestNewClient(t *testing.T) {
	t.Parallel()
	t.Run("returns an error for a mistake in its options", func(t *testing.T) {
		t.Parallel()
		for name, opts := range map[string]aztoken.Options{
			"an endpoint without a scheme": {Endpoint: "169.254.169.254"},
			"another scheme":               {Endpoint: "ftp://169.254.169.254"},
			"a query":                      {Endpoint: "http://169.254.169.254?x=y"},
			"a user":                       {Endpoint: "http://user:pw@169.254.169.254"},
			"an empty id":                  {ID: aztoken.ClientID("")},
			"an id beside a credential":    {ID: aztoken.ClientID("x"), Credential: credential(nil)},
			"an endpoint beside one":       {Endpoint: "http://169.254.169.254", Credential: credential(nil)},
		} {
			_, err := aztoken.NewClient(&opts)
			require.ErrorContains(t, err, "aztoken: ", name)
			require.NotContains(t, err.Error(), "pw@", name)
		}
	})
	t.Run("refuses options that would have no effect, and says what to set", func(t *testing.T) {
		t.Parallel()
		for name, tc := range map[string]struct {
			set  func(*aztoken.Options)
			says string
		}{
			"Retry":      {func(o *aztoken.Options) { o.Retry.MaxRetries = 3 }, "set Refresh for more cover"},
			"a delay":    {func(o *aztoken.Options) { o.Retry.RetryDelay = time.Second }, "Options.Retry has no effect"},
			"ShouldTry":  {func(o *aztoken.Options) { o.Retry.ShouldRetry = func(*http.Response, error) bool { return true } }, "Options.Retry has no effect"},
			"StatusCode": {func(o *aztoken.Options) { o.Retry.StatusCodes = []int{} }, "Options.Retry has no effect"},
			"APIVersion": {func(o *aztoken.Options) { o.APIVersion = "2018-02-01" }, "leave APIVersion empty"},
			"Cloud":      {func(o *aztoken.Options) { o.Cloud = cloud.AzureGovernment }, "AZURE_AUTHORITY_HOST"},
		} {
			opts := aztoken.Options{Getenv: noHost}
			tc.set(&opts)
			c, err := aztoken.NewClient(&opts)
			require.Nil(t, c, name)
			require.ErrorContains(t, err, "aztoken: Options.", name)
			require.ErrorContains(t, err, tc.says, name)
		}
	})
}

func TestToken(t *testing.T) {
	t.Parallel()
	t.Run("takes a scope for the resource that it names", func(t *testing.T) {
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
	})
	t.Run("checks the resource before anything is sent", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(nil)
		c := over(t, imds, aztoken.Options{})
		for _, bad := range []string{"", "/.default", "https://a b", "https://a\n", "https://é", "https://a\x00b"} {
			_, err := c.Token(t.Context(), bad)
			var e *aztoken.Error
			require.ErrorAs(t, err, &e, "%q", bad)
		}
		require.Zero(t, imds.Count())
	})
	inVirtualTime(t, "starts nothing for a context that has ended", func(t *testing.T) {
		imds := imdstest.New(nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := over(t, imds, aztoken.Options{}).Token(ctx, resource)
		require.ErrorIs(t, err, context.Canceled)
		synctest.Wait()
		require.Zero(t, imds.Count())
	})
	inVirtualTime(t, "returns a token until two seconds before its end", func(t *testing.T) {
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

func TestGetToken(t *testing.T) {
	t.Parallel()
	t.Run("takes exactly one scope", func(t *testing.T) {
		t.Parallel()
		c := over(t, imdstest.New(nil), aztoken.Options{})
		for _, scopes := range [][]string{nil, {}, {"a", "b"}} {
			_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: scopes})
			require.ErrorContains(t, err, "exactly one")
		}
	})
	t.Run("takes a managed identity's own tenant, and ignores CAE", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		for _, opts := range []policy.TokenRequestOptions{{}, {EnableCAE: true}, {TenantID: imdstest.DefaultTenantID}, {TenantID: imdstest.DefaultTenantID}} {
			opts.Scopes = []string{resource}
			_, err := c.GetToken(t.Context(), opts)
			require.NoError(t, err)
		}
		require.Equal(t, 2, imds.Count(), "one for each key")
	})
	t.Run("refuses another tenant than a managed identity's own", func(t *testing.T) {
		t.Parallel()
		const other = "11111111-2222-3333-4444-555555555555"
		c := over(t, imdstest.New(nil), aztoken.Options{})
		_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, TenantID: other})
		require.ErrorContains(t, err, other)
	})
	t.Run("asks a credential once for each tenant, with and without CAE", func(t *testing.T) {
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
	})
	inVirtualTime(t, "always returns RefreshOn", func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		for range 40 {
			got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, EnableCAE: true})
			require.NoError(t, err)
			require.False(t, got.RefreshOn.IsZero())
			require.True(t, got.RefreshOn.Before(got.ExpiresOn))
			time.Sleep(time.Hour)
		}
	})
	inVirtualTime(t, "carries an SDK client through the outage of an endpoint that hangs", func(t *testing.T) {
		imds := imdstest.New(nil)
		t.Cleanup(imds.Close)
		c := over(t, imds, aztoken.Options{})
		seen := map[string]bool{}
		service := handlerTransport(func(_ http.ResponseWriter, r *http.Request) { seen[r.Header.Get("Authorization")] = true })
		pipeline := azruntime.NewPipeline("test", "v1.0.0", azruntime.PipelineOptions{
			PerRetry: []policy.Policy{azruntime.NewBearerTokenPolicy(c, []string{resource + "/.default"}, nil)},
		}, &policy.ClientOptions{Transport: service})
		call := func() {
			start := time.Now()
			req, err := azruntime.NewRequest(t.Context(), http.MethodGet, resource+"/orders")
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

func TestTokenFunc(t *testing.T) {
	t.Parallel()
	t.Run("returns the current token as a string", func(t *testing.T) {
		t.Parallel()
		c := over(t, imdstest.New(nil), aztoken.Options{})
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		password, err := c.TokenFunc(resource)(t.Context())
		require.NoError(t, err)
		require.Equal(t, tok.Value(), password)
		require.NoError(t, c.Close())
		password, err = c.TokenFunc(resource)(t.Context())
		require.ErrorIs(t, err, aztoken.ErrClosed)
		require.Empty(t, password)
	})
}

func TestWarm(t *testing.T) {
	t.Parallel()
	t.Run("names every resource that failed", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{Resources: []string{"https://good"}})
		c := over(t, imds, aztoken.Options{})
		err := c.Warm(t.Context(), "https://good", "https://bad", "https://worse")
		require.ErrorContains(t, err, `"https://bad"`)
		require.ErrorContains(t, err, `"https://worse"`)
		require.NotContains(t, err.Error(), `"https://good"`)
		require.NoError(t, c.Warm(t.Context(), "https://good"))
		require.NoError(t, c.Warm(t.Context()))
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "ends everything, and can be repeated", func(t *testing.T) {
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
	t.Run("ends the connection to the endpoint", func(t *testing.T) {
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
	})
	inVirtualTime(t, "returns ErrStillRunning where a source does not return", func(t *testing.T) {
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
	t.Run("wakes at once whoever waits", func(t *testing.T) {
		t.Parallel()
		cold, held := "https://cold.example.com", resource
		for name, tc := range map[string]struct {
			invalidate bool
			wait       func(t *testing.T, c *aztoken.Client) error
		}{
			"for a first token": {wait: func(t *testing.T, c *aztoken.Client) error {
				_, err := c.Token(context.Background(), cold)
				return err
			}},
			"for a first token, in Warm": {wait: func(t *testing.T, c *aztoken.Client) error {
				return c.Warm(context.Background(), held, cold)
			}},
			"for a first token, in RoundTrip": {wait: func(t *testing.T, c *aztoken.Client) error {
				_, err := c.Wrap(&http.Client{Transport: network{}}, cold).Get("https://api.example.com/")
				return err
			}},
			"after Invalidate": {invalidate: true, wait: func(t *testing.T, c *aztoken.Client) error {
				_, err := c.Token(context.Background(), held)
				return err
			}},
			"with the claims of a challenge": {wait: func(t *testing.T, c *aztoken.Client) error {
				_, err := c.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{held}, Claims: claims})
				return err
			}},
			"with a challenge and no token": {wait: func(t *testing.T, c *aztoken.Client) error {
				_, err := c.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{cold}, Claims: claims})
				return err
			}},
			"with a 401": {wait: func(t *testing.T, c *aztoken.Client) error {
				resp, err := (&picky{reject: all}).client(c).Get("https://api.example.com/")
				require.NoError(t, err)
				require.Equal(t, 401, resp.StatusCode)
				return aztoken.ErrClosed // the 401 is all that there is to tell
			}},
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				var asked atomic.Int32
				c := ofCredential(t, func(context.Context) (azcore.AccessToken, error) {
					n := asked.Add(1)
					if n > 1 {
						time.Sleep(3 * time.Second) // whatever its context says
					}
					return accessToken(fmt.Sprint("token-", n), 24*time.Hour), nil
				})
				tok, err := c.Token(t.Context(), held)
				require.NoError(t, err)
				if tc.invalidate {
					c.Invalidate(tok)
				}
				start := time.Now()
				var wg sync.WaitGroup
				wg.Go(func() {
					require.ErrorIs(t, tc.wait(t, c), aztoken.ErrClosed)
					require.Zero(t, time.Since(start))
				})
				synctest.Wait()
				require.NoError(t, c.Close())
				wg.Wait()
				require.EqualValues(t, 2, asked.Load())
			})
		}
	})
	t.Run("lets no token in that comes later", func(t *testing.T) {
		t.Parallel()
		for name, begin := range map[string]func(t *testing.T, c *aztoken.Client, held aztoken.Token){
			"for a caller": func(t *testing.T, c *aztoken.Client, _ aztoken.Token) {
				go func() {
					_, err := c.Token(context.Background(), "https://cold.example.com")
					require.ErrorIs(t, err, aztoken.ErrClosed)
				}()
			},
			"after Invalidate": func(_ *testing.T, c *aztoken.Client, held aztoken.Token) { c.Invalidate(held) },
			"by a refresh":     func(_ *testing.T, _ *aztoken.Client, held aztoken.Token) { time.Sleep(time.Until(held.RefreshOn)) },
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				var asked atomic.Int32
				var events []aztoken.EventKind
				var rotated []string
				c := newClient(t, aztoken.Options{
					Credential: source(func(context.Context) (azcore.AccessToken, error) {
						n := asked.Add(1)
						if n > 1 {
							time.Sleep(2 * time.Second) // whatever its context says
						}
						return accessToken(fmt.Sprint("token-", n), 24*time.Hour), nil
					}),
					OnEvent: func(e aztoken.Event) { events = append(events, e.Kind) },
				})
				for _, r := range []string{resource, "https://cold.example.com"} {
					c.OnRotate(r, func(tok aztoken.Token) { rotated = append(rotated, tok.Value()) })
				}
				held, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				begin(t, c, held)
				synctest.Wait()
				require.EqualValues(t, 2, asked.Load())
				require.Equal(t, 2*time.Second, took(func() { require.NoError(t, c.Close()) }), "it waits for the source")
				time.Sleep(time.Minute)
				synctest.Wait()
				require.Equal(t, []string{"token-1"}, rotated)
				require.NotContains(t, events[1:], aztoken.EventAcquired)
				require.NotContains(t, events, aztoken.EventFailed)
				require.Empty(t, c.Status().Resources)
			})
		}
	})
	inVirtualTime(t, "delivers the events that are on their way, and no further token", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		events, rotated := 0, 0
		c := over(t, imds, aztoken.Options{OnEvent: func(aztoken.Event) { time.Sleep(time.Second); events++ }})
		c.OnRotate(resource, func(aztoken.Token) { time.Sleep(time.Second); rotated++ })
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		c.Invalidate(tok)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, 3*time.Second, took(func() { require.NoError(t, c.Close()) }))
		require.Equal(t, 3, events, "acquired, rejected, acquired")
		require.Equal(t, 1, rotated, "the second token is of a client that is closed")
	})
	t.Run("returns ErrStillRunning where a callback does not return", func(t *testing.T) {
		t.Parallel()
		for name, wire := range map[string]func(opts *aztoken.Options, block func()) func(c *aztoken.Client){
			"OnEvent": func(opts *aztoken.Options, block func()) func(*aztoken.Client) {
				opts.OnEvent = func(aztoken.Event) { block() }
				return func(*aztoken.Client) {}
			},
			"Logger": func(opts *aztoken.Options, block func()) func(*aztoken.Client) {
				opts.Logger = slog.New(handler{block})
				return func(*aztoken.Client) {}
			},
			"OnRotate": func(_ *aztoken.Options, block func()) func(*aztoken.Client) {
				return func(c *aztoken.Client) { c.OnRotate(resource, func(aztoken.Token) { block() }) }
			},
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				stuck := make(chan struct{})
				defer close(stuck)
				opts := aztoken.Options{Getenv: noHost}
				opts.Transport = imdstest.New(nil)
				subscribe := wire(&opts, func() { <-stuck })
				c, err := aztoken.NewClient(&opts)
				require.NoError(t, err)
				subscribe(c)
				require.NoError(t, c.Warm(t.Context(), resource))
				synctest.Wait()
				// Close can be repeated, and then returns the same error at once.
				for _, limit := range []time.Duration{5 * time.Second, 0} {
					require.Equal(t, limit, took(func() {
						err := c.Close()
						require.ErrorIs(t, err, aztoken.ErrStillRunning)
						require.ErrorContains(t, err, "still running")
					}))
				}
			})
		}
	})
	inVirtualTime(t, "in a callback, is ErrStillRunning and no deadlock", func(t *testing.T) {
		opts := aztoken.Options{Getenv: noHost}
		opts.Transport = imdstest.New(nil)
		c, err := aztoken.NewClient(&opts)
		require.NoError(t, err)
		closed := make(chan error, 1)
		c.OnRotate(resource, func(aztoken.Token) { closed <- c.Close() })
		require.NoError(t, c.Warm(t.Context(), resource))
		require.ErrorIs(t, <-closed, aztoken.ErrStillRunning)
	})
	inVirtualTime(t, "ends a flight that waits for its next try", func(t *testing.T) {
		imds := imdstest.New(nil)
		imds.Break(imdstest.Status(503))
		c := over(t, imds, aztoken.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Token(ctx, resource)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, took(func() { require.NoError(t, c.Close()) }))
	})
	t.Run("tells of no failure that it caused itself", func(t *testing.T) {
		t.Parallel()
		for name, begin := range map[string]func(c *aztoken.Client, held aztoken.Token){
			"of a flight":  func(c *aztoken.Client, held aztoken.Token) { c.Invalidate(held) },
			"of a refresh": func(_ *aztoken.Client, held aztoken.Token) { time.Sleep(time.Until(held.RefreshOn)) },
		} {
			inVirtualTime(t, name, func(t *testing.T) {
				imds := imdstest.New(nil)
				t.Cleanup(imds.Close)
				var events []aztoken.EventKind
				c := over(t, imds, aztoken.Options{OnEvent: func(e aztoken.Event) {
					time.Sleep(time.Second) // so that events can still be delivered after the end
					events = append(events, e.Kind)
				}})
				held, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				imds.Break(imdstest.Hang())
				begin(c, held)
				synctest.Wait()
				require.Equal(t, 2, imds.Count())
				imds.Recover()
				require.NoError(t, c.Warm(t.Context(), "https://other.example.com"), "whose event is being delivered")
				require.NoError(t, c.Close())
				require.NotContains(t, events, aztoken.EventFailed)
			})
		}
	})
}

func TestClient(t *testing.T) {
	t.Parallel()
	t.Run("used by eight goroutines, serves each until one of them closes it", func(t *testing.T) {
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
	})
}

// nilCredential is a credential that must not be nil.
type nilCredential struct{ token string }

func (c *nilCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return accessToken(c.token, time.Hour), nil
}

// Every public function with nil, zero, closed or wrong arguments returns an error that says what
// to do, if it returns one, and panics with none.
func TestMisuse(t *testing.T) {
	t.Parallel()
	closed := over(t, imdstest.New(nil), aztoken.Options{})
	rejected, err := closed.Token(t.Context(), resource)
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	var never context.Context // nil
	open := over(t, imdstest.New(nil), aztoken.Options{})
	typedNil := over(t, imdstest.New(nil), aztoken.Options{Credential: (*nilCredential)(nil)})
	request := func(edit func(r *http.Request)) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "https://api.example.com/", nil)
		edit(r)
		return r
	}
	scopes := func(s ...string) policy.TokenRequestOptions { return policy.TokenRequestOptions{Scopes: s} }
	transport := &aztoken.Transport{Client: open, Resource: resource, Base: network{}}

	const reached = "no such host: api.example.com" // the request got as far as the Base

	type misuse struct {
		name string
		call func() error
		says string // "" for no error
	}
	cases := []misuse{
		{"NewClient with a nil ID in a pointer", func() error { _, err := aztoken.NewClient(&aztoken.Options{ID: (*aztoken.ClientID)(nil)}); return err }, "set it to a ClientID, an ObjectID or a ResourceID"},
		{"NewClient with a pointer to an ID", func() error {
			id := aztoken.ObjectID(ownOID)
			_, err := aztoken.NewClient(&aztoken.Options{ID: &id})
			return err
		}, "Options.ID is a *aztoken.ObjectID; set it to"},
		{"NewClient with a nil pointer for a Transport", func() error {
			opts := aztoken.Options{Getenv: noHost}
			opts.Transport = (*http.Client)(nil)
			c, err := aztoken.NewClient(&opts)
			require.NoError(t, err, "as without a Transport")
			return c.Close()
		}, ""},
		{"a nil pointer for a Credential", func() error { _, err := typedNil.Token(t.Context(), resource); return err }, "the credential: panic: "},
		{"MaxAge of less than nothing", func() error {
			_, err := over(t, imdstest.New(nil), aztoken.Options{Refresh: aztoken.MaxAge(-time.Hour)}).Token(t.Context(), resource)
			return err
		}, ""},
		{"Token without a context", func() error { _, err := open.Token(never, resource); return err }, "pass context.Background() or that of the request"},
		{"Token without a resource", func() error { _, err := open.Token(t.Context(), ""); return err }, "pass the App ID URI"},
		{"Token with a resource that is only a suffix", func() error { _, err := open.Token(t.Context(), "/.default"); return err }, "pass the App ID URI"},
		{"GetToken without a context", func() error { _, err := open.GetToken(never, scopes(resource)); return err }, "the context is nil"},
		{"GetToken with claims and without a context", func() error {
			o := scopes(resource)
			o.Claims = claims
			_, err := open.GetToken(never, o)
			return err
		}, "the context is nil"},
		{"GetToken without a scope", func() error { _, err := open.GetToken(t.Context(), scopes()); return err }, "pass exactly one"},
		{"GetToken with two scopes", func() error { _, err := open.GetToken(t.Context(), scopes("a", "b")); return err }, "pass exactly one"},
		{"GetToken with an empty scope", func() error { _, err := open.GetToken(t.Context(), scopes("")); return err }, "pass the App ID URI"},
		{"GetToken with a bad tenant", func() error {
			o := scopes(resource)
			o.TenantID = "a b"
			_, err := typedNil.GetToken(t.Context(), o)
			return err
		}, "has spaces"},
		{"TokenFunc without a resource", func() error { _, err := open.TokenFunc("")(t.Context()); return err }, "pass the App ID URI"},
		{"TokenFunc without a context", func() error { _, err := open.TokenFunc(resource)(never); return err }, "the context is nil"},
		{"Warm without a context", func() error { return open.Warm(never, resource) }, "the context is nil"},
		{"Warm without a context and resources", func() error { return open.Warm(never) }, ""},
		{"Warm without resources", func() error { return open.Warm(t.Context()) }, ""},
		{"Warm with an empty resource", func() error { return open.Warm(t.Context(), "") }, "pass the App ID URI"},
		{"Invalidate of the zero Token", func() error { open.Invalidate(aztoken.Token{}); return nil }, ""},
		{"Invalidate of another client's token", func() error { open.Invalidate(rejected); return nil }, ""},
		{"OnRotate without a function", func() error { open.OnRotate(resource, nil)(); return nil }, ""},
		{"OnRotate without a resource", func() error { open.OnRotate("", func(aztoken.Token) {})(); return nil }, ""},
		{"Wrap without a resource", func() error { _, err := open.Wrap(nil, "").Get("https://api.example.com/"); return err }, "pass the App ID URI"},
		{"PerRPCCredentials without a resource", func() error { _, err := open.PerRPCCredentials("").GetRequestMetadata(t.Context()); return err }, "pass the App ID URI"},
		{"PerRPCCredentials without a context", func() error { _, err := open.PerRPCCredentials(resource).GetRequestMetadata(never); return err }, "the context is nil"},
		{"the zero PerRPCCredentials", func() error { _, err := aztoken.PerRPCCredentials{}.GetRequestMetadata(t.Context()); return err }, aztoken.ErrClosed.Error()},
		{"RoundTrip of a nil Transport", func() error {
			_, err := (*aztoken.Transport)(nil).RoundTrip(request(func(*http.Request) {}))
			return err
		}, "make one with Client.Wrap"},
		{"RoundTrip of a nil Transport without a request", func() error { _, err := (*aztoken.Transport)(nil).RoundTrip(nil); return err }, "make one with Client.Wrap"},
		{"RoundTrip of the zero Transport", func() error { _, err := new(aztoken.Transport).RoundTrip(request(func(*http.Request) {})); return err }, "Transport.Client is nil; set it"},
		{"RoundTrip without a Resource", func() error {
			_, err := (&aztoken.Transport{Client: open}).RoundTrip(request(func(*http.Request) {}))
			return err
		}, "pass the App ID URI"},
		{"RoundTrip with a closed Client", func() error {
			_, err := (&aztoken.Transport{Client: closed, Resource: resource}).RoundTrip(request(func(*http.Request) {}))
			return err
		}, aztoken.ErrClosed.Error()},
		{"RoundTrip with the zero Client", func() error {
			_, err := (&aztoken.Transport{Client: new(aztoken.Client), Resource: resource}).RoundTrip(request(func(*http.Request) {}))
			return err
		}, aztoken.ErrClosed.Error()},
		{"RoundTrip without a request", func() error { _, err := transport.RoundTrip(nil); return err }, "make it with http.NewRequest"},
		{"RoundTrip without a URL", func() error {
			_, err := transport.RoundTrip(request(func(r *http.Request) { r.URL = nil }))
			return err
		}, "make it with http.NewRequest"},
		{"RoundTrip with an empty URL", func() error {
			_, err := transport.RoundTrip(request(func(r *http.Request) { r.URL = new(url.URL) }))
			return err
		}, "use https"},
		{"RoundTrip without a Header", func() error {
			_, err := transport.RoundTrip(request(func(r *http.Request) { r.Header = nil }))
			return err
		}, reached},
		{"RoundTrip of the zero request", func() error { _, err := transport.RoundTrip(new(http.Request)); return err }, "make it with http.NewRequest"},
		{"RoundTrip after a redirect without a request", func() error {
			_, err := transport.RoundTrip(request(func(r *http.Request) { r.Response = new(http.Response) }))
			return err
		}, reached},
		{"RoundTrip after a redirect of a request without a URL", func() error {
			_, err := transport.RoundTrip(request(func(r *http.Request) { r.Response = &http.Response{Request: new(http.Request)} }))
			return err
		}, reached},
		{"CloseIdleConnections of a nil Transport", func() error { (*aztoken.Transport)(nil).CloseIdleConnections(); return nil }, ""},
		{"the claims of the zero Token", func() error { _, err := aztoken.Token{}.UnverifiedClaims(); return err }, "treat it as opaque"},
		{"the value of the zero Token", func() error { _ = aztoken.Token{}.Value(); return nil }, ""},
		{"printing the zero Token", func() error {
			_ = fmt.Sprintf("%v %#v %s", aztoken.Token{}, aztoken.Token{}, aztoken.Token{}.LogValue())
			return nil
		}, ""},
		{"the JSON of the zero Token", func() error { _, err := json.Marshal(aztoken.Token{}); return err }, ""},
		{"the JSON of the zero Status", func() error { _, err := json.Marshal(aztoken.Status{}); return err }, ""},
		{"reading the zero Error", func() error {
			var e aztoken.Error
			_ = fmt.Sprintf("%v %#v %s", e, &e, e.Error())
			require.False(t, e.Timeout())
			require.Empty(t, e.Unwrap())
			e.NonRetriable()
			return nil
		}, ""},
		{"the zero ids", func() error {
			require.Empty(t, aztoken.ClientID("").String()+aztoken.ObjectID("").String()+aztoken.ResourceID("").String())
			return nil
		}, ""},
	}
	for name, c := range map[string]*aztoken.Client{"a nil Client": nil, "the zero Client": new(aztoken.Client), "a closed Client": closed} {
		says := aztoken.ErrClosed.Error()
		onClosed := func(method string, call func() error, says string) {
			cases = append(cases, misuse{method + " of " + name, call, says})
		}
		onClosed("Token", func() error { _, err := c.Token(t.Context(), resource); return err }, says)
		onClosed("Token without a context", func() error { _, err := c.Token(never, ""); return err }, says)
		onClosed("GetToken", func() error { _, err := c.GetToken(t.Context(), scopes(resource)); return err }, says)
		onClosed("GetToken with claims", func() error {
			o := scopes(resource)
			o.Claims = claims
			_, err := c.GetToken(never, o)
			return err
		}, says)
		onClosed("TokenFunc", func() error { _, err := c.TokenFunc(resource)(t.Context()); return err }, says)
		onClosed("Warm", func() error { return c.Warm(t.Context(), resource) }, says)
		onClosed("Warm without resources", func() error { return c.Warm(never) }, says)
		onClosed("PerRPCCredentials", func() error { _, err := c.PerRPCCredentials(resource).GetRequestMetadata(t.Context()); return err }, says)
		wrapped := says
		if c == nil {
			wrapped = "Transport.Client is nil; set it"
		}
		onClosed("Wrap", func() error { _, err := c.Wrap(nil, resource).Get("https://api.example.com/"); return err }, wrapped)
		onClosed("Invalidate", func() error { c.Invalidate(rejected); return nil }, "")
		onClosed("OnRotate", func() error { c.OnRotate(resource, func(aztoken.Token) {})(); return nil }, "")
		onClosed("Status", func() error { require.Empty(t, c.Status().Resources); return nil }, "")
		onClosed("Format", func() error { require.Contains(t, fmt.Sprintf("%v %+v %#v", c, c, c), "aztoken.Client("); return nil }, "")
		onClosed("Close", func() error { return c.Close() }, "")
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			require.NotPanics(t, func() { err = tc.call() })
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.says)
			if tc.says != reached {
				require.ErrorContains(t, err, "aztoken: ")
			}
		})
	}
}
