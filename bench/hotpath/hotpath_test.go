package main

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/bench/internal/near"
	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// resource is the same for all, so that the cache which the libraries on top of MSAL share has one
// token in it.
const resource = "https://orders.example.com"

// floorOf returns the floor's cache with a token of imds.
func floorOf(imds *imdstest.Server) *floorCache {
	return newFloorCache(resource, imds.Mint(resource), time.Now().Add(24*time.Hour))
}

var errNoToken = errors.New("no token")

// warmOurs returns an aztoken.Client that has its token.
func warmOurs(tb testing.TB, imds *imdstest.Server) *aztoken.Client {
	tb.Helper()
	opts := &aztoken.Options{Endpoint: imds.URL}
	opts.Transport = imds
	c, err := aztoken.NewClient(opts)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	require.NoError(tb, c.Warm(tb.Context(), resource))
	return c
}

// warmPeer returns a client of a library that has its token.
func warmPeer(tb testing.TB, library peers.Library, imds *imdstest.Server) peers.Client {
	tb.Helper()
	c, err := library.New(peers.Endpoint{Transport: imds, Resource: resource})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	_, _, err = c.Token(tb.Context())
	require.NoError(tb, err)
	return c
}

// reads returns the ways to read a cached token.
func reads(tb testing.TB) []near.Operation {
	imds, ctx := imdstest.New(nil), tb.Context()
	cache, ours := floorOf(imds), warmOurs(tb, imds)
	scope := policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}}
	all := []near.Operation{
		{Name: "floor", Run: func() {
			if cache.get(resource) == nil {
				near.Must(tb, errNoToken)
			}
		}},
		{Name: "aztoken Token", Run: func() {
			_, err := ours.Token(ctx, resource)
			near.Must(tb, err)
		}},
		{Name: "aztoken GetToken", Run: func() {
			_, err := ours.GetToken(ctx, scope)
			near.Must(tb, err)
		}},
	}
	for _, library := range []peers.Library{peers.OAuth2(), peers.AWS(), peers.Google(), peers.Azidentity(), peers.MSAL()} {
		c := warmPeer(tb, library, imds)
		all = append(all, near.Operation{Name: library.Name, Run: func() {
			_, _, err := c.Token(ctx)
			near.Must(tb, err)
		}})
	}
	return all
}

// answer is a base transport that costs nothing.
type answer struct{ http.Response }

func (a *answer) RoundTrip(*http.Request) (*http.Response, error) { return &a.Response, nil }

// roundTrips returns the ways to put a cached token on a request.
func roundTrips(tb testing.TB) []near.Operation {
	imds := imdstest.New(nil)
	base := &answer{http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}}}
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, resource+"/orders", nil)
	require.NoError(tb, err)
	req.Header.Set("Accept", "application/json")
	sends := func(name string, rt http.RoundTripper) near.Operation {
		return near.Operation{Name: name, Run: func() {
			_, err := rt.RoundTrip(req)
			near.Must(tb, err)
		}}
	}
	all := []near.Operation{sends("floor", &floorTransport{floorOf(imds), resource, base})}
	for _, library := range []peers.Library{peers.Aztoken(), peers.OAuth2(), peers.Google(), peers.Azcore()} {
		rt, err := warmPeer(tb, library, imds).(peers.Authorizer).Authorize(base)
		require.NoError(tb, err)
		all = append(all, sends(library.Name, rt))
	}
	return append(all, sends("azcore pipeline without a token", peers.NewPipeline(base, nil)))
}

func BenchmarkToken(b *testing.B)     { near.Benchmark(b, reads(b)) }
func BenchmarkRoundTrip(b *testing.B) { near.Benchmark(b, roundTrips(b)) }
