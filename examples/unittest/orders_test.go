package orders_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	orders "github.com/seed-ac726066/aztoken/examples/unittest"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// start runs an identity endpoint and a protected stock service, and gives the code under test.
func start(t *testing.T, opts *imdstest.Options) (*imdstest.Server, *orders.Stock) {
	imds := imdstest.NewServer(t, opts)
	stock := httptest.NewServer(imds.Protect(orders.Resource, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, 42)
	})))
	t.Cleanup(stock.Close)
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return imds, orders.NewStock(stock.URL, client)
}

func TestStockIsToldToCallersWithAToken(t *testing.T) {
	t.Parallel()
	imds, stock := start(t, nil)
	for range 10 {
		left, err := stock.Left(t.Context(), "apples")
		require.NoError(t, err)
		require.Equal(t, 42, left)
	}
	require.Equal(t, 1, imds.Count(), "one token serves all calls")
}

func TestAnOutageIsNotNoticedOnceThereIsAToken(t *testing.T) {
	t.Parallel()
	imds, stock := start(t, nil)
	_, err := stock.Left(t.Context(), "apples")
	require.NoError(t, err)
	imds.Break(imdstest.Refused())
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
