package orders_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	orders "github.com/seed-ac726066/aztoken/examples/unittest"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// start runs an identity endpoint and a protected stock service, and gives the code under test.
func start(t *testing.T, opts *imdstest.Options) (*imdstest.Server, *orders.Stock) {
	imds := imdstest.NewServer(t, opts)
	stock := httptest.NewServer(service(t, imds))
	t.Cleanup(stock.Close)
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return imds, orders.NewStock(stock.URL, nil, client)
}

// service is a stock service that requires the role reader.
func service(t *testing.T, imds *imdstest.Server) http.Handler {
	verifier := imds.Verifier(t, &verify.Options{Audiences: []string{orders.Resource}})
	return verifier.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, 42)
	}), verify.Role("reader"))
}

// reader is a machine whose identity may read the stock.
var reader = &imdstest.Options{Identities: []imdstest.Identity{
	{SystemAssigned: true, Roles: map[string][]string{orders.Resource: {"reader"}}},
}}

func TestStockIsToldToCallersWithTheRole(t *testing.T) {
	t.Parallel()
	imds, stock := start(t, reader)
	for range 10 {
		left, err := stock.Left(t.Context(), "apples")
		require.NoError(t, err)
		require.Equal(t, 42, left)
	}
	require.Equal(t, 1, imds.Count(), "one token serves all calls")
}

func TestACallerWithoutTheRoleIsToldSo(t *testing.T) {
	t.Parallel()
	_, stock := start(t, nil)
	_, err := stock.Left(t.Context(), "apples")
	require.ErrorContains(t, err, "403 Forbidden")
}

func TestAnOutageIsNotNoticedOnceThereIsAToken(t *testing.T) {
	t.Parallel()
	imds, stock := start(t, reader)
	_, err := stock.Left(t.Context(), "apples")
	require.NoError(t, err)
	imds.Break(imdstest.Refused())
	imds.Issuer().Break(imdstest.Refused())
	_, err = stock.Left(t.Context(), "apples")
	require.NoError(t, err)
}

func TestAMissingIdentityIsAnErrorThatSaysSo(t *testing.T) {
	t.Parallel()
	_, stock := start(t, &imdstest.Options{Identities: []imdstest.Identity{}})
	_, err := stock.Left(t.Context(), "apples")
	require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
}

func TestADeadlineIsKeptWhileTheEndpointHangs(t *testing.T) {
	t.Parallel()
	imds, stock := start(t, nil)
	imds.Break(imdstest.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := stock.Left(ctx, "apples")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// In virtual time, three days take milliseconds. A socket would stop the virtual clock, so nothing
// here uses one: New replaces NewServer, the server is Options.Transport, and the handler is the
// transport for requests to the service.
func TestAnOutageOfTwelveHoursFailsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		imds := imdstest.New(reader)
		opts := &aztoken.Options{Endpoint: imds.URL}
		opts.Transport = imds
		client, err := aztoken.NewClient(opts)
		require.NoError(t, err)
		defer client.Close()
		stock := orders.NewStock(orders.Resource, &http.Client{Transport: inMemory{service(t, imds)}}, client)
		for hour := range 72 {
			if hour == 24 {
				imds.BreakFor(12*time.Hour, imdstest.Hang())
			}
			left, err := stock.Left(t.Context(), "apples")
			require.NoError(t, err, "at %d h", hour)
			require.Equal(t, 42, left)
			time.Sleep(time.Hour)
		}
	})
}

// An inMemory is a transport that calls a handler.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	m.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
