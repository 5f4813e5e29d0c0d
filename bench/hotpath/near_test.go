package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/near"
)

func named(tb testing.TB, operations []operation, name string) func() {
	tb.Helper()
	for _, op := range operations {
		if op.name == name {
			return op.run
		}
	}
	require.FailNow(tb, "no operation is called "+name)
	return nil
}

// The tests below must not run beside each other, so none is parallel.

func TestTokenStaysNearItsFloor(t *testing.T) {
	ops := reads(t)
	near.Test(t, near.Goal{Times: 1.5}, named(t, ops, "floor"), named(t, ops, "aztoken Token"))
}

func TestGetTokenStaysNearItsFloor(t *testing.T) {
	ops := reads(t)
	near.Test(t, near.Goal{Times: 1.8}, named(t, ops, "floor"), named(t, ops, "aztoken GetToken"))
}

func TestRoundTripStaysNearItsFloor(t *testing.T) {
	ops := roundTrips(t)
	floor := named(t, ops, "floor")
	near.Test(t, near.Goal{Times: 1.5, Allocs: testing.AllocsPerRun(200, floor)}, floor, named(t, ops, "aztoken"))
}
