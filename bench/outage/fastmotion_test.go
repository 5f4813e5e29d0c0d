package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/peers"
	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestNoRunInheritsATokenFromAnother(t *testing.T) {
	t.Parallel()
	require.True(t, inFastMotion(t, 8, func(t *testing.T, _ int, resource string) {
		imds := imdstest.New(nil)
		defer imds.Close()
		// MSAL has one cache per process.
		client, err := peers.MSAL().New(peers.Endpoint{Transport: imds, Resource: resource})
		require.NoError(t, err)
		_, _, err = client.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, imds.Count())
	}))
}
