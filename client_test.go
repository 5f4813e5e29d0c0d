package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
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
	t.Run("ignores tenant and CAE for a managed identity", func(t *testing.T) {
		t.Parallel()
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		c := over(t, imds, aztoken.Options{})
		for _, opts := range []policy.TokenRequestOptions{{}, {TenantID: "other"}, {EnableCAE: true}} {
			opts.Scopes = []string{resource}
			_, err := c.GetToken(t.Context(), opts)
			require.NoError(t, err)
		}
		require.Equal(t, 1, imds.Count())
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
				imds := imdstest.New(nil)
				t.Cleanup(imds.Close)
				c := over(t, imds, aztoken.Options{})
				tok, err := c.Token(t.Context(), held)
				require.NoError(t, err)
				imds.Break(imdstest.Hang())
				if tc.invalidate {
					c.Invalidate(tok)
				}
				start := time.Now()
				var wg sync.WaitGroup
				wg.Go(func() { require.ErrorIs(t, tc.wait(t, c), aztoken.ErrClosed) })
				synctest.Wait()
				require.NoError(t, c.Close())
				wg.Wait()
				require.Zero(t, time.Since(start))
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
				asked := 0
				var events []aztoken.EventKind
				var rotated []string
				c := newClient(t, aztoken.Options{
					Credential: source(func(context.Context) (azcore.AccessToken, error) {
						if asked++; asked > 1 {
							time.Sleep(2 * time.Second) // whatever its context says
						}
						return accessToken(fmt.Sprint("token-", asked), 24*time.Hour), nil
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
				require.Equal(t, 2, asked)
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
				for _, limit := range []time.Duration{5 * time.Second, 0} { // it can be repeated, and then returns the same at once
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
