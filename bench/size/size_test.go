package main

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func weighed(t *testing.T, program string) weight {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to build with:", err)
	}
	w, err := weigh(t.Context(), program)
	require.NoError(t, err)
	return w
}

func TestAProgramWithATokenStaysNearOneWithAzcoreAlone(t *testing.T) {
	t.Parallel()
	alone, ours := weighed(t, "azcore"), weighed(t, "aztoken")
	require.Positive(t, alone.modules)
	require.LessOrEqual(t, float64(ours.bytes), 1.1*float64(alone.bytes))
	require.LessOrEqual(t, ours.modules, alone.modules+2, "aztoken itself and golang.org/x/sync")
}

func TestAProgramThatVerifiesStaysNearOneWithARequest(t *testing.T) {
	t.Parallel()
	bare, ours := weighed(t, floor), weighed(t, "verify")
	require.Zero(t, bare.modules)
	require.Zero(t, bare.packages)
	require.LessOrEqual(t, float64(ours.bytes), 1.2*float64(bare.bytes))
	require.LessOrEqual(t, ours.modules, 3, "aztoken, go-jose and golang.org/x/sync")
}
