package redis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	t.Run("connections that are old are replaced under load, and no command fails", func(t *testing.T) {
		t.Parallel()
		server := startCacheOf(t, recipetest.NewShortAzure(t, nil))
		tokens := server.token(t, recipetest.Known)
		first := recipetest.Token(t, tokens, resource)
		opts := login(tokens)
		opts.ConnMaxLifetime = 50 * time.Millisecond
		client := server.open(t, opts)
		load := recipetest.StartLoad(t, 4, increment(client))
		recipetest.AwaitExpiry(t, first)
		load.Await(t, 1000) // calls that used the first token have ended
		require.NoError(t, server.setUser(t.Context(), "<"+first.Value()))
		load.Await(t, 1000)
		load.StopWell(t)
		require.Greater(t, client.PoolStats().StaleConns, uint32(1))
	})
	t.Run("a transaction works", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		require.NoError(t, transaction(server.open(t, login(server.token(t, recipetest.Known))))(t.Context()))
	})
}
