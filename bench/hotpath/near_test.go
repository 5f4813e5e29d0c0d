package main

import (
	"testing"

	"github.com/seed-ac726066/aztoken/bench/internal/near"
)

// The tests below must not run beside each other, so none is parallel.

func TestTokenStaysNearItsFloor(t *testing.T) {
	ops := reads(t)
	near.Test(t, near.Goal{Times: 1.5}, near.Find(t, ops, "floor"), near.Find(t, ops, "aztoken Token"))
}

func TestGetTokenStaysNearItsFloor(t *testing.T) {
	ops := reads(t)
	near.Test(t, near.Goal{Times: 1.8}, near.Find(t, ops, "floor"), near.Find(t, ops, "aztoken GetToken"))
}

func TestRoundTripStaysNearItsFloor(t *testing.T) {
	ops := roundTrips(t)
	floor := near.Find(t, ops, "floor")
	near.Test(t, near.Goal{Times: 1.5, Allocs: testing.AllocsPerRun(200, floor)}, floor, near.Find(t, ops, "aztoken"))
}
