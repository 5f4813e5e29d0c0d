package aztoken_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
)

func warmClient(tb testing.TB, resources ...string) *aztoken.Client {
	tb.Helper()
	c, err := aztoken.NewClient(&aztoken.Options{Credential: credential(func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
		return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
	})})
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = c.Close() })
	require.NoError(tb, c.Warm(tb.Context(), resources...))
	return c
}

func manyResources() []string {
	resources := make([]string, 2000)
	for i := range resources {
		resources[i] = fmt.Sprintf("https://service-%04d.example.com", i)
	}
	return resources
}

// floor is the least that a keyed cache of tokens can do: a copy-on-write map, a pointer, one
// reading of the clock.
type floor struct {
	entries atomic.Pointer[map[string]*floorEntry]
}

type floorEntry struct{ token atomic.Pointer[floorToken] }

type floorToken struct {
	value   string
	header  []string
	expires time.Time
}

func newFloor() *floor {
	f, e := new(floor), new(floorEntry)
	e.token.Store(&floorToken{value: "token", header: []string{"Bearer token"}, expires: time.Now().Add(24 * time.Hour)})
	f.entries.Store(&map[string]*floorEntry{resource: e})
	return f
}

func (f *floor) get(resource string) (*floorToken, bool) {
	e := (*f.entries.Load())[resource]
	if e == nil {
		return nil, false
	}
	t := e.token.Load()
	return t, t != nil && time.Now().Before(t.expires)
}

// The readers below are each run alone and on all cores: go test -bench . -benchmem
func benchmarkBoth(b *testing.B, read func()) {
	b.Run("serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			read()
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				read()
			}
		})
	})
}

func BenchmarkCacheFloor(b *testing.B) {
	f := newFloor()
	benchmarkBoth(b, func() {
		if _, ok := f.get(resource); !ok {
			b.Fatal("no token")
		}
	})
}

func BenchmarkToken(b *testing.B) {
	c := warmClient(b, resource)
	ctx := b.Context()
	benchmarkBoth(b, func() {
		if _, err := c.Token(ctx, resource); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkGetToken(b *testing.B) {
	c := warmClient(b, resource)
	ctx, opts := b.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}}
	benchmarkBoth(b, func() {
		if _, err := c.GetToken(ctx, opts); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkTokenOf2000Resources(b *testing.B) {
	resources := manyResources()
	c := warmClient(b, resources...)
	ctx := b.Context()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.Token(ctx, resources[i%len(resources)]); err != nil {
			b.Fatal(err)
		}
	}
}

// answer is a base RoundTripper that costs nothing.
type answer struct{ resp http.Response }

func (a *answer) RoundTrip(*http.Request) (*http.Response, error) { return &a.resp, nil }

func benchRequest(tb testing.TB) *http.Request {
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, resource+"/orders", nil)
	require.NoError(tb, err)
	req.Header.Set("Accept", "application/json")
	return req
}

// floorRoundTrip copies the request shallowly and shares a ready-made header.
func floorRoundTrip(base http.RoundTripper, req *http.Request, header []string) (*http.Response, error) {
	sent := *req
	sent.Header = make(http.Header, len(req.Header)+1)
	maps.Copy(sent.Header, req.Header)
	sent.Header["Authorization"] = header
	return base.RoundTrip(&sent)
}

func BenchmarkRoundTripFloor(b *testing.B) {
	req, base, f := benchRequest(b), &answer{http.Response{StatusCode: 200}}, newFloor()
	benchmarkBoth(b, func() {
		t, _ := f.get(resource)
		if _, err := floorRoundTrip(base, req, t.header); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	req := benchRequest(b)
	rt := &aztoken.Transport{Client: warmClient(b, resource), Resource: resource, Base: &answer{http.Response{StatusCode: 200}}}
	benchmarkBoth(b, func() {
		if _, err := rt.RoundTrip(req); err != nil {
			b.Fatal(err)
		}
	})
}
