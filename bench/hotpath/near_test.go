package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/bench/internal/near"
)

// The tests below must not run beside each other, so none is parallel.

func TestTokenStaysNearItsFloor(t *testing.T) {
	ops := reads(t)
	floor, token := near.Find(t, ops, "floor"), near.Find(t, ops, "aztoken Token")
	t.Run("on one core", func(t *testing.T) { near.Test(t, near.Goal{Times: 1.25}, floor, token) })
	t.Run("on all cores", func(t *testing.T) { near.Test(t, near.Goal{Times: 1.25, Parallel: true}, floor, token) })
}

func TestGetTokenStaysNearItsFloor(t *testing.T) {
	ops := reads(t)
	floor, token := near.Find(t, ops, "floor"), near.Find(t, ops, "aztoken GetToken")
	t.Run("on one core", func(t *testing.T) { near.Test(t, near.Goal{Times: 1.3}, floor, token) })
	t.Run("on all cores", func(t *testing.T) { near.Test(t, near.Goal{Times: 1.3, Parallel: true}, floor, token) })
}

func TestTokenOfManyResourcesIsAsNearAsThatOfOne(t *testing.T) {
	ctx, resources := t.Context(), []string{resource}
	one := warmUnsigned(t, resources...)
	for i := range 10_000 {
		resources = append(resources, fmt.Sprintf("https://service-%05d.example.com", i))
	}
	many := warmUnsigned(t, resources...)
	near.Test(t, near.Goal{Times: 1.2}, func() {
		_, err := one.Token(ctx, resource)
		near.Must(t, err)
	}, func() {
		_, err := many.Token(ctx, resource)
		near.Must(t, err)
	})
}

// unsigned is a credential that does not sign its tokens.
type unsigned struct{}

func (unsigned) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

func warmUnsigned(t *testing.T, resources ...string) *aztoken.Client {
	t.Helper()
	c, err := aztoken.NewClient(&aztoken.Options{Credential: unsigned{}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	require.NoError(t, c.Warm(t.Context(), resources...))
	return c
}

func TestRoundTripStaysNearItsFloor(t *testing.T) {
	ops := roundTrips(t)
	floor := near.Find(t, ops, "floor")
	near.Test(t, near.Goal{Times: 1.2, Allocs: testing.AllocsPerRun(200, floor)}, floor, near.Find(t, ops, "aztoken"))
}
