package telemetry_test

import (
	"context"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
	"github.com/seed-ac726066/aztoken/internal/telemetry"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
	"github.com/seed-ac726066/aztoken/internal/virtualtime"
	"github.com/seed-ac726066/aztoken/tokenstore"
	"github.com/seed-ac726066/aztoken/verify"
)

const resource = "https://orders.example.com"

// virtually runs a parallel subtest in virtual time.
var virtually = virtualtime.Run

// once is a credential that has a token only the first time.
type once struct {
	telemetrytest.Living
	asked atomic.Bool
}

func (o *once) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if o.asked.Swap(true) {
		return azcore.AccessToken{}, context.DeadlineExceeded
	}
	return o.Living.GetToken(ctx, opts)
}

func key(identity, resource, tenant string, cae bool) telemetry.TokenKey {
	return telemetry.TokenKey{Resource: telemetry.Resource{
		Source: telemetry.Source{Identity: identity}, Resource: resource, Tenant: tenant,
	}, CAE: cae}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	virtually(t, "has tokens and failures", func(t *testing.T) {
		w, imds := telemetry.NewWatched(0), imdstest.New(nil)
		c := clienttest.Over(t, imds, aztoken.Options{})
		require.Equal(t, telemetry.Source{Identity: "default"}, w.Client(telemetry.Source{}, c))
		require.Empty(t, w.Snapshot().Tokens)
		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(503))
		time.Sleep(13 * time.Hour)
		s := w.Snapshot()
		require.Len(t, s.Tokens, 1)
		got := s.Tokens[key("default", resource, "", false)]
		require.Equal(t, tok.AcquiredOn, got.Acquired)
		require.Equal(t, tok.ExpiresOn, got.Expiry)
		require.True(t, got.Refresh.After(time.Now()))
		failures := s.Failures[telemetry.FailureKey{Source: telemetry.Source{Identity: "default"}, Resource: resource}]
		require.Equal(t, c.Status().Resources[0].Failures, failures)
		require.Positive(t, failures)
		require.False(t, s.HasStore)
		require.Nil(t, s.Keys)
	})
	virtually(t, "has a resource that never had a token, without one", func(t *testing.T) {
		w, imds := telemetry.NewWatched(0), imdstest.New(&imdstest.Options{Resources: []string{resource}})
		c := clienttest.Over(t, imds, aztoken.Options{})
		w.Client(telemetry.Source{}, c)
		_, err := c.Token(t.Context(), "https://wrong.example.com")
		require.Error(t, err)
		s := w.Snapshot()
		require.Empty(t, s.Tokens)
		require.Equal(t, map[telemetry.FailureKey]int{{Source: telemetry.Source{Identity: "default"}, Resource: "https://wrong.example.com"}: 1}, s.Failures)
	})
	virtually(t, "shows the worst of clients that have the same labels", func(t *testing.T) {
		for _, first := range []int{0, 1} {
			w := telemetry.NewWatched(0)
			clients := []*aztoken.Client{
				clienttest.New(t, aztoken.Options{Credential: telemetrytest.Living(10 * time.Hour)}),
				clienttest.New(t, aztoken.Options{Credential: telemetrytest.Living(time.Hour)}),
			}
			for i := range clients {
				w.Client(telemetry.Source{}, clients[(first+i)%2])
			}
			require.NoError(t, clients[0].Warm(t.Context(), resource))
			time.Sleep(time.Second)
			require.NoError(t, clients[1].Warm(t.Context(), resource))
			short := clients[1].Status().Resources[0]
			require.Equal(t, telemetry.Tokens{
				key("", resource, "", false): {Acquired: short.AcquiredOn, Refresh: short.RefreshOn, Expiry: short.ExpiresOn},
			}, w.Snapshot().Tokens)
		}
	})
	virtually(t, "shows a token in use, and not one of another client that nobody uses and that ends first", func(t *testing.T) {
		for _, first := range []int{0, 1} {
			w, imds := telemetry.NewWatched(0), imdstest.New(&imdstest.Options{MintAfter: -1})
			clients := []*aztoken.Client{clienttest.Over(t, imds, aztoken.Options{}), clienttest.Over(t, imds, aztoken.Options{})}
			for i := range clients {
				w.Client(telemetry.Source{}, clients[(first+i)%2])
			}
			require.NoError(t, clients[0].Warm(t.Context(), resource)) // and never again
			time.Sleep(13 * time.Hour)                                 // it is refreshed once
			require.True(t, clients[0].Status().Resources[0].Unused)
			require.NoError(t, clients[1].Warm(t.Context(), resource))
			time.Sleep(time.Minute)
			_, err := clients[1].Token(t.Context(), resource)
			require.NoError(t, err)
			used := clients[1].Status().Resources[0]
			require.True(t, clients[0].Status().Resources[0].ExpiresOn.Before(used.ExpiresOn))
			require.Equal(t, telemetry.Tokens{
				key("default", resource, "", false): {Acquired: used.AcquiredOn, Refresh: used.RefreshOn, Expiry: used.ExpiresOn},
			}, w.Snapshot().Tokens)
		}
	})
	virtually(t, "shows a token that cannot be replaced, and not a new one of a shorter life", func(t *testing.T) {
		for _, first := range []int{0, 1} {
			w := telemetry.NewWatched(0)
			clients := []*aztoken.Client{
				clienttest.New(t, aztoken.Options{Credential: &once{Living: telemetrytest.Living(24 * time.Hour)}}),
				clienttest.New(t, aztoken.Options{Credential: telemetrytest.Living(time.Hour)}),
			}
			for i := range clients {
				w.Client(telemetry.Source{}, clients[(first+i)%2])
			}
			for range 20 * 60 {
				for _, c := range clients {
					_, err := c.Token(t.Context(), resource)
					require.NoError(t, err)
				}
				time.Sleep(time.Minute)
			}
			require.Equal(t, clients[0].Status().Resources[0].ExpiresOn, w.Snapshot().Tokens[key("", resource, "", false)].Expiry)
		}
	})
	virtually(t, "has no refresh of a token that nobody uses", func(t *testing.T) {
		w := telemetry.NewWatched(0)
		c := clienttest.Over(t, imdstest.New(nil), aztoken.Options{})
		w.Client(telemetry.Source{}, c)
		require.NoError(t, c.Warm(t.Context(), resource))
		time.Sleep(time.Minute)
		require.NotZero(t, w.Snapshot().Tokens[key("default", resource, "", false)].Refresh)
		time.Sleep(13 * time.Hour)
		require.True(t, c.Status().Resources[0].Unused)
		got := w.Snapshot().Tokens[key("default", resource, "", false)]
		require.Zero(t, got.Refresh)
		require.NotZero(t, got.Expiry)
	})
	virtually(t, "tells tenants and CAE apart", func(t *testing.T) {
		w := telemetry.NewWatched(0)
		c := clienttest.New(t, aztoken.Options{Credential: telemetrytest.Living(time.Hour)})
		w.Client(telemetry.Source{}, c)
		for _, tenant := range []string{"", "a", "b"} {
			for _, cae := range []bool{false, true} {
				_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, TenantID: tenant, EnableCAE: cae})
				require.NoError(t, err)
			}
		}
		s := w.Snapshot()
		require.Len(t, s.Tokens, 6)
		require.Contains(t, s.Tokens, key("", resource, "b", true))
		require.Len(t, s.Failures, 1)
	})
	virtually(t, "has the assertion of a federation as its own identity's", func(t *testing.T) {
		w := telemetry.NewWatched(0)
		imds := imdstest.New(&imdstest.Options{Applications: []imdstest.Application{{}}})
		t.Cleanup(imds.Close)
		opts := aztoken.Options{Federation: &aztoken.Federation{TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID}}
		opts.Transport = imds
		c := clienttest.New(t, opts)
		w.Client(telemetry.Source{}, c)
		require.NoError(t, c.Warm(t.Context(), resource))
		s := w.Snapshot()
		require.Len(t, s.Tokens, 2)
		require.Contains(t, s.Tokens, key(imdstest.DefaultApplicationID, resource, "", false))
		require.Contains(t, s.Tokens, key("default", "api://AzureADTokenExchange", "", false))
	})
	virtually(t, "has names in place of identities", func(t *testing.T) {
		w := telemetry.NewWatched(0)
		for _, as := range []telemetry.Source{{Identity: "a"}, {Client: "a"}, {Client: "b"}, {}} {
			c := clienttest.New(t, aztoken.Options{Credential: telemetrytest.Living(time.Hour)})
			require.Equal(t, as, w.Client(as, c))
			require.NoError(t, c.Warm(t.Context(), resource))
		}
		require.Len(t, w.Snapshot().Tokens, 4)
	})
	virtually(t, "has a client once, under its latest name", func(t *testing.T) {
		w := telemetry.NewWatched(0)
		c := clienttest.Over(t, imdstest.New(nil), aztoken.Options{})
		require.NoError(t, c.Warm(t.Context(), resource))
		for _, name := range []string{"a", "a", "b"} {
			w.Client(telemetry.Source{Identity: name}, c)
		}
		require.Len(t, w.Snapshot().Tokens, 1)
		require.Contains(t, w.Snapshot().Tokens, key("b", resource, "", false))
	})
	virtually(t, "bounds the resources, and shows the worst of the rest", func(t *testing.T) {
		w := telemetry.NewWatched(2)
		c := clienttest.New(t, aztoken.Options{Credential: telemetrytest.Living(10 * time.Hour)})
		w.Client(telemetry.Source{}, c)
		for _, r := range []string{"https://a", "https://b", "https://c", "https://d"} {
			require.NoError(t, c.Warm(t.Context(), r))
			require.NotEmpty(t, w.Snapshot().Tokens)
			time.Sleep(time.Minute)
		}
		s := w.Snapshot()
		require.Len(t, s.Tokens, 3)
		require.Len(t, s.Failures, 3)
		require.Equal(t, c.Status().Resources[2].ExpiresOn, s.Tokens[key("", "other", "", false)].Expiry)
	})
	virtually(t, "has nothing of clients that are closed, or nil", func(t *testing.T) {
		w := telemetry.NewWatched(0)
		c := clienttest.Over(t, imdstest.New(nil), aztoken.Options{})
		w.Client(telemetry.Source{}, c)
		require.NoError(t, c.Warm(t.Context(), resource))
		require.NotEmpty(t, w.Snapshot().Tokens)
		require.NoError(t, c.Close())
		w.Client(telemetry.Source{}, nil)
		w.Client(telemetry.Source{}, &aztoken.Client{})
		require.Equal(t, telemetry.NewWatched(0).Snapshot(), w.Snapshot())
	})
}

func TestSnapshotOfStores(t *testing.T) {
	t.Parallel()
	virtually(t, "is down if one of them is", func(t *testing.T) {
		w, broken := telemetry.NewWatched(0), &telemetrytest.EmptyStore{}
		var clients []*aztoken.Client
		for _, b := range []tokenstore.Backend{broken, &telemetrytest.EmptyStore{}} {
			store, err := tokenstore.New(b, make([]byte, tokenstore.KeySize))
			require.NoError(t, err)
			opts := aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Store: store}
			opts.Transport = imdstest.New(nil)
			c := clienttest.New(t, opts)
			w.Client(telemetry.Source{}, c)
			clients = append(clients, c)
		}
		s := w.Snapshot()
		require.True(t, s.HasStore)
		require.True(t, s.StoreUp)
		broken.Err = context.DeadlineExceeded
		for _, c := range clients {
			require.NoError(t, c.Warm(t.Context(), resource))
		}
		time.Sleep(time.Hour)
		require.False(t, w.Snapshot().StoreUp)
		require.NoError(t, clients[0].Close())
		require.True(t, w.Snapshot().StoreUp, "its client is closed")
		require.NoError(t, clients[1].Close())
		require.False(t, w.Snapshot().HasStore)
	})
}

func TestSnapshotOfVerifiers(t *testing.T) {
	t.Parallel()
	newVerifier := func(t *testing.T, imds *imdstest.Server) *verify.Verifier {
		t.Helper()
		return imds.Verifier(t, &verify.Options{Audiences: []string{resource}, AllowRoleless: true})
	}
	virtually(t, "has the one that is worst off", func(t *testing.T) {
		w := telemetry.NewWatched(0)
		good, bad := imdstest.New(nil), imdstest.New(nil)
		first, second, unused := newVerifier(t, good), newVerifier(t, bad), newVerifier(t, bad)
		for _, v := range []*verify.Verifier{first, second, unused, first, nil} {
			w.Verifier(v)
		}
		require.Nil(t, w.Snapshot().Keys, "none is used yet")
		start := time.Now()
		require.NoError(t, first.Warm(t.Context()))
		require.NoError(t, second.Warm(t.Context()))
		k := w.Snapshot().Keys
		require.Equal(t, telemetry.Keys{Count: first.Status().Keys, Fetched: start.UTC(), Expiry: start.Add(24 * time.Hour).UTC()}, *k)

		bad.Issuer().Break(imdstest.Status(http.StatusServiceUnavailable))
		time.Sleep(20 * time.Hour)
		k = w.Snapshot().Keys
		require.Equal(t, second.Status().FetchedOn, k.Fetched)
		require.Equal(t, second.Status().ExpireOn, k.Expiry)
		require.True(t, k.IsFailing)
		time.Sleep(5 * time.Hour)
		require.Equal(t, telemetry.Keys{IsFailing: true}, *w.Snapshot().Keys, "the second has none any more")
		require.NoError(t, second.Close())
		require.False(t, w.Snapshot().Keys.IsFailing)
		require.NoError(t, first.Close())
		require.Nil(t, w.Snapshot().Keys)
	})
}

func TestSnapshotOfTenants(t *testing.T) {
	t.Parallel()
	virtually(t, "has the one without keys", func(t *testing.T) {
		w, imds := telemetry.NewWatched(0), imdstest.New(nil)
		v := imds.Verifier(t, &verify.Options{
			Audiences: []string{resource}, Tenants: []string{imdstest.DefaultTenantID, "7e000000-0000-4000-8000-0000000000ff"},
		})
		w.Verifier(v)
		require.Nil(t, w.Snapshot().Keys)
		require.NoError(t, v.Warm(t.Context()), "the keys of one tenant are enough")
		synctest.Wait()
		require.Positive(t, v.Status().Keys)
		require.Equal(t, telemetry.Keys{IsFailing: true}, *w.Snapshot().Keys)
	})
}

func TestWatchedKeepsNothingAlive(t *testing.T) {
	w := telemetry.NewWatched(0)
	gone := make(chan struct{}, 2)
	func() {
		opts := &aztoken.Options{Getenv: func(string) string { return "" }}
		opts.Transport = imdstest.New(nil)
		c, err := aztoken.NewClient(opts)
		require.NoError(t, err)
		v, err := verify.New(&verify.Options{Audiences: []string{resource}, Tenants: []string{imdstest.DefaultTenantID}})
		require.NoError(t, err)
		w.Client(telemetry.Source{}, c)
		w.Verifier(v)
		runtime.AddCleanup(c, func(none struct{}) { gone <- none }, struct{}{})
		runtime.AddCleanup(v, func(none struct{}) { gone <- none }, struct{}{})
	}()
	require.Eventually(t, func() bool { runtime.GC(); return len(gone) == 2 }, 10*time.Second, time.Millisecond)
	require.Equal(t, telemetry.NewWatched(0).Snapshot(), w.Snapshot())
}
