package aztoken_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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

func TestOnRotate(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "calls for every new token and keeps the resource in use", func(t *testing.T) {
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
	inVirtualTime(t, "calls a slow callback with the latest token, and holds up nobody", func(t *testing.T) {
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
	inVirtualTime(t, "is not called for another tenant's tokens, nor for those with CAE", func(t *testing.T) {
		c := newClient(t, aztoken.Options{Credential: new(counting)})
		var got []string
		c.OnRotate(resource, func(tok aztoken.Token) { got = append(got, tok.Value()) })
		for _, o := range []policy.TokenRequestOptions{{TenantID: "other"}, {EnableCAE: true}, {}} {
			o.Scopes = []string{resource}
			_, err := c.GetToken(t.Context(), o)
			require.NoError(t, err)
			synctest.Wait() // a callback has the latest token only
		}
		require.Equal(t, []string{"token-3"}, got)
	})
	inVirtualTime(t, "subscribes nothing without a function", func(t *testing.T) {
		c := over(t, imdstest.New(nil), aztoken.Options{})
		stop := c.OnRotate(resource, nil)
		require.NoError(t, c.Warm(t.Context(), resource))
		time.Sleep(49 * time.Hour)
		require.Empty(t, c.Status().Resources, "nothing keeps it in use")
		stop()
	})
}

func TestStatus(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "and events tell of success and failure", func(t *testing.T) {
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
		time.Sleep(time.Minute)
		_, err = c.Token(t.Context(), resource) // used again, so it is refreshed more than once
		require.NoError(t, err)
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

// misbehaviours are what a function that a user passed in can do instead of returning.
func misbehaviours(until awake) map[string]func() {
	return map[string]func(){
		"panics":        func() { panic("boom") },
		"exits":         runtime.Goexit,
		"is slow":       func() { until.sleep(16 * time.Minute) },
		"never returns": func() { until.sleep(1 << 62) },
	}
}

// What users hand to the client must not be able to take its tokens from the others.
func TestMisbehaving(t *testing.T) {
	t.Parallel()
	const other = "https://other.example.com"
	for where, wire := range map[string]func(opts *aztoken.Options, end func()) (subscribe bool){
		"OnEvent": func(opts *aztoken.Options, end func()) bool {
			opts.OnEvent = func(aztoken.Event) { end() }
			return false
		},
		"Logger": func(opts *aztoken.Options, end func()) bool {
			opts.Logger = slog.New(handler{end})
			return false
		},
		"OnRotate": func(*aztoken.Options, func()) bool { return true },
	} {
		for _, how := range []string{"panics", "exits", "is slow", "never returns"} {
			inVirtualTime(t, where+" that "+how+", costs no caller its deadline and no key a refresh", func(t *testing.T) {
				closing := make(awake)
				end := misbehaviours(closing)[how]
				imds := imdstest.New(&imdstest.Options{MintAfter: -1})
				opts := aztoken.Options{}
				subscribe := wire(&opts, end)
				c := over(t, imds, opts)
				t.Cleanup(func() { close(closing) })
				called := 0
				if subscribe {
					c.OnRotate(resource, func(aztoken.Token) { called++; end() })
				}
				rotated := 0
				c.OnRotate(other, func(aztoken.Token) { rotated++ })
				require.NoError(t, c.Warm(t.Context(), other))
				requireNoHarm(t, use(t, c, 50*time.Hour))
				asked := map[string]int{}
				for _, r := range imds.Requests() {
					asked[r.Resource]++
				}
				require.GreaterOrEqual(t, asked[resource], 5)
				require.GreaterOrEqual(t, asked[other], 5)
				require.Equal(t, asked[other], rotated, "each is a new token")
				if subscribe && how != "never returns" {
					require.Equal(t, asked[resource], called)
				}

				tok, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				require.Zero(t, took(func() {
					c.Invalidate(tok)
					next, err := c.Token(t.Context(), resource)
					require.NoError(t, err)
					require.NotEqual(t, tok.Value(), next.Value())
					resp, err := (&picky{reject: all}).client(c).Get("https://api.example.com/")
					require.NoError(t, err)
					require.Equal(t, 401, resp.StatusCode)
				}))
			})
		}
	}
	for _, how := range []string{"panics", "exits", "is slow", "never returns"} {
		inVirtualTime(t, "Credential that "+how+" for one key, costs no caller its deadline and no other key a refresh", func(t *testing.T) {
			closing := make(awake)
			end := misbehaviours(closing)[how]
			var asked atomic.Int32
			c := newClient(t, aztoken.Options{Credential: credential(func(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
				if o.Scopes[0] != resource+"/.default" {
					end()
				}
				return accessToken(fmt.Sprint("token-", asked.Add(1)), 24*time.Hour), nil
			})})
			t.Cleanup(func() { close(closing) })
			var wg sync.WaitGroup
			wg.Go(func() {
				for range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					require.LessOrEqual(t, took(func() {
						_, err := c.Token(ctx, other)
						require.Error(t, err)
					}), 10*time.Second)
					cancel()
					time.Sleep(30 * time.Minute)
				}
			})
			requireNoHarm(t, use(t, c, 26*time.Hour))
			wg.Wait()
		})
	}
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	t.Run("that are slow, let no expired token through", func(t *testing.T) {
		t.Parallel()
		for where, wire := range map[string]func(do func()) aztoken.Options{
			"OnEvent": func(do func()) aztoken.Options { return aztoken.Options{OnEvent: func(aztoken.Event) { do() }} },
			"Logger":  func(do func()) aztoken.Options { return aztoken.Options{Logger: slog.New(handler{do})} },
		} {
			inVirtualTime(t, where, func(t *testing.T) {
				closing := make(awake)
				opts := wire(func() { closing.sleep(time.Minute) })
				opts.Credential = source(func(context.Context) (azcore.AccessToken, error) { return accessToken("token", 50*time.Second), nil })
				c := newClient(t, opts)
				t.Cleanup(func() { close(closing) })
				require.Zero(t, took(func() {
					tok, err := c.Token(t.Context(), resource)
					require.NoError(t, err)
					require.True(t, tok.ExpiresOn.After(time.Now()))
				}))
			})
		}
	})
	inVirtualTime(t, "are told of what the others panic with", func(t *testing.T) {
		var logged bytes.Buffer
		var failed []aztoken.Event
		c := over(t, imdstest.New(nil), aztoken.Options{
			Logger: slog.New(slog.NewTextHandler(&logged, nil)),
			OnEvent: func(e aztoken.Event) {
				if e.Kind == aztoken.EventCallbackFailed {
					failed = append(failed, e)
				}
				panic(errors.New("OnEvent is broken"))
			},
		})
		c.OnRotate(resource, func(tok aztoken.Token) { panic("no use for " + tok.Value()) })
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, failed, 1)
		require.Equal(t, resource, failed[0].Resource)
		require.EqualError(t, failed[0].Err, "aztoken: a callback of OnRotate: panic: no use for REDACTED")
		require.Contains(t, logged.String(), "aztoken: a callback of OnRotate: panic: no use for REDACTED")
		require.Contains(t, logged.String(), "aztoken: Options.OnEvent: panic: OnEvent is broken")
		require.Contains(t, logged.String(), "level=ERROR")
		require.NotContains(t, logged.String(), tok.Value())
	})
	t.Run("that exit or panic in the Logger, are an event", func(t *testing.T) {
		t.Parallel()
		for says, end := range map[string]func(){"panic: boom": func() { panic("boom") }, "it ended its goroutine": runtime.Goexit} {
			inVirtualTime(t, says, func(t *testing.T) {
				var kinds []aztoken.EventKind
				c := over(t, imdstest.New(nil), aztoken.Options{
					Logger: slog.New(handler{end}),
					OnEvent: func(e aztoken.Event) {
						if kinds = append(kinds, e.Kind); e.Kind == aztoken.EventCallbackFailed {
							require.EqualError(t, e.Err, "aztoken: Options.Logger: "+says)
						}
					},
				})
				require.NoError(t, c.Warm(t.Context(), resource))
				synctest.Wait()
				require.Equal(t, []aztoken.EventKind{aztoken.EventCallbackFailed, aztoken.EventAcquired}, kinds)
			})
		}
	})
	inVirtualTime(t, "come in order, one at a time", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		var inside atomic.Int32
		var last time.Time
		calls := 0
		closing := make(awake)
		c := over(t, imds, aztoken.Options{Refresh: aztoken.MaxAge(time.Minute), OnEvent: func(e aztoken.Event) {
			require.EqualValues(t, 1, inside.Add(1))
			defer inside.Add(-1)
			require.False(t, e.Time.Before(last))
			last = e.Time
			calls++
			closing.sleep(time.Minute)
		}})
		t.Cleanup(func() { close(closing) })
		for range 20 {
			require.NoError(t, c.Warm(t.Context(), resource, "https://a", "https://b"))
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		require.Greater(t, calls, 15)
	})
	inVirtualTime(t, "that never return, hold a bounded number of events", func(t *testing.T) {
		stuck := make(chan struct{})
		events := 0
		imds := imdstest.New(nil)
		imds.Break(imdstest.Status(400))
		c := over(t, imds, aztoken.Options{OnEvent: func(aztoken.Event) { <-stuck; events++ }})
		for range 5000 {
			_, err := c.Token(t.Context(), resource)
			require.Error(t, err)
			time.Sleep(2 * time.Second)
		}
		close(stuck)
		synctest.Wait()
		require.Equal(t, 4097, events, "the one that was stuck, and the backlog")
	})
	inVirtualTime(t, "may call the client", func(t *testing.T) {
		var c *aztoken.Client
		look := func() { _ = c.Status(); c.Invalidate(aztoken.Token{}) }
		c = over(t, imdstest.New(nil), aztoken.Options{
			OnEvent: func(aztoken.Event) { look() },
		})
		var stop func()
		stop = c.OnRotate(resource, func(aztoken.Token) { look(); stop() })
		requireNoHarm(t, use(t, c, 30*time.Hour))
	})
}

// A program that makes a client for each request, and keeps them, is told so.
func TestManyClients(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "of one identity are an event at each sixteenth, and of several are none", func(t *testing.T) {
		imds := imdstest.New(nil)
		var told journal
		var logged bytes.Buffer
		opts := aztoken.Options{OnEvent: told.note, Logger: slog.New(slog.NewTextHandler(&logged, nil))}
		for range 15 {
			over(t, imds, opts)
		}
		other := opts
		other.ID = aztoken.ClientID("c0000000-0000-4000-8000-0000000000ff")
		over(t, imds, other)
		require.Empty(t, told.kinds())
		over(t, imds, opts)
		many := told.of(aztoken.EventManyClients)
		require.Len(t, many, 1)
		require.Equal(t, "default", many[0].Identity)
		require.ErrorContains(t, many[0].Err, "16 clients of one host and identity are alive")
		require.Contains(t, logged.String(), "identity=default")
	})
}
