package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func TestEveryLibraryAcceptsAGoodToken(t *testing.T) {
	t.Parallel()
	srv := entra()
	said, err := verdicts(t.Context(), libraries(), srv, spelled(func(token string) string { return token })(srv))
	require.NoError(t, err)
	for i, l := range libraries() {
		require.Equal(t, accept, said[i], l.name)
	}
}

func TestNoTrickyTokenGetsItsRoleHere(t *testing.T) {
	t.Parallel()
	srv := entra()
	for _, tc := range trickyCases() {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			said, err := verdicts(t.Context(), libraries(), srv, tc.token(srv))
			require.NoError(t, err)
			require.Equal(t, refuse, said[0])
		})
	}
}

// The stored results for the tricky tokens are still true. This checks them without running the
// benchmarks.
func TestTheStoredVerdictsAreThoseOfToday(t *testing.T) {
	t.Parallel()
	stored, err := results.Load[results.Verification]("..", "verification")
	require.NoError(t, err)
	got, err := tricky(t.Context())
	require.NoError(t, err)
	require.Equal(t, got.Libraries, stored.Libraries)
	require.Equal(t, got.Tricky, stored.Tricky)
}
