package redisstore_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/redisstore"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

const (
	resource = "https://orders.example.com"
	clientID = "c0000000-0000-4000-8000-000000000001"
)

// instance returns the client of another instance of a service whose tokens are stored in backend.
func instance(t *testing.T, imds *imdstest.Server, backend tokenstore.Backend) *aztoken.Client {
	t.Helper()
	store, err := tokenstore.New(backend, bytes.Repeat([]byte{7}, tokenstore.KeySize))
	require.NoError(t, err)
	opts := &aztoken.Options{ID: aztoken.ClientID(clientID), Store: store, Getenv: func(string) string { return "" }}
	opts.Transport = imds
	c, err := aztoken.NewClient(opts)
	require.NoError(t, err)
	return c
}

func machine() *imdstest.Server {
	return imdstest.New(&imdstest.Options{MintAfter: -1, Identities: []imdstest.Identity{{ClientID: clientID}}})
}

func TestClient(t *testing.T) {
	t.Parallel()
	t.Run("starts in an outage with the token of another instance", func(t *testing.T) {
		t.Parallel()
		client, prefix := connect(t)
		backend, imds := redisstore.New(client, prefix), machine()
		first := instance(t, imds, backend)
		before, err := first.Token(t.Context(), resource)
		require.NoError(t, err)
		require.NoError(t, first.Close()) // waits for the save

		imds.Break(imdstest.Refused())
		second := instance(t, imds, backend)
		defer second.Close()
		after, err := second.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, before.Value(), after.Value())
		require.Equal(t, "store", second.Status().Resources[0].Source)
		require.Equal(t, 1, imds.Count())
	})
	t.Run("asks once for a fleet that starts at once", func(t *testing.T) {
		t.Parallel()
		client, prefix := connect(t)
		backend, imds := redisstore.New(client, prefix), machine()
		imds.Break(imdstest.Slow(300 * time.Millisecond))
		var fleet sync.WaitGroup
		for range 50 {
			fleet.Go(func() {
				c := instance(t, imds, backend)
				_, err := c.Token(t.Context(), resource)
				require.NoError(t, err)
				require.NoError(t, c.Close())
			})
		}
		fleet.Wait()
		require.LessOrEqual(t, imds.Count(), 3, "a machine that is busy may miss the quarter of a second that a store has")
	})
	t.Run("serves without a Redis that is gone", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		imds := machine()
		c := instance(t, imds, redisstore.New(server.client(t), "aztoken-test:"))
		defer c.Close()
		server.Kill()
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Equal(t, 1, imds.Count())
	})
}
