package aztoken_test

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
		}
		synctest.Wait()
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
			{Resource: resource, AcquiredOn: tok.AcquiredOn, ExpiresOn: tok.ExpiresOn, RefreshOn: tok.RefreshOn},
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

func TestCallbacks(t *testing.T) {
	t.Parallel()
	t.Run("that panic or exit, cost nobody a token", func(t *testing.T) {
		t.Parallel()
		panics := func() { panic("boom") }
		for name, end := range map[string]func(){"panic": panics, "Goexit": runtime.Goexit} {
			for where, opts := range map[string]aztoken.Options{
				"OnEvent": {OnEvent: func(aztoken.Event) { end() }},
				"Logger":  {Logger: slog.New(handler{end})},
			} {
				inVirtualTime(t, where+" "+name, func(t *testing.T) {
					imds := imdstest.New(&imdstest.Options{MintAfter: -1})
					c := over(t, imds, opts)
					calls := 0
					c.OnRotate(resource, func(aztoken.Token) { calls++; end() })
					requireNoHarm(t, use(t, c, 50*time.Hour))
					require.GreaterOrEqual(t, imds.Count(), 5)
					require.GreaterOrEqual(t, calls, 5)
				})
			}
		}
	})
	inVirtualTime(t, "that are slow, lose no refresh", func(t *testing.T) {
		imds := imdstest.New(&imdstest.Options{MintAfter: -1})
		var done atomic.Bool
		c := over(t, imds, aztoken.Options{OnEvent: func(e aztoken.Event) {
			if e.Background && !done.Load() {
				time.Sleep(16 * time.Minute)
			}
		}})
		requireNoHarm(t, use(t, c, 72*time.Hour))
		require.GreaterOrEqual(t, imds.Count(), 6)
		done.Store(true)
		time.Sleep(16 * time.Minute) // a refresh may just have ended, and Close does not wait that long for its observer
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
