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
	"github.com/seed-ac726066/aztoken/verify"
)

// start runs an identity endpoint and a protected stock service, and gives the code under test.
func start(t *testing.T, opts *imdstest.Options) (*imdstest.Server, *orders.Stock) {
	imds := imdstest.NewServer(t, opts)
	verifier := imds.Verifier(t, &verify.Options{Audiences: []string{orders.Resource}})
	stock := httptest.NewServer(verifier.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, 42)
	}), verify.Role("reader")))
	t.Cleanup(stock.Close)
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: imds.URL})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return imds, orders.NewStock(stock.URL, client)
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
