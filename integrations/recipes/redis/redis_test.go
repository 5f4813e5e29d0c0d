package redis_test

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
)

// TestRedis tests what both variants of the recipe have in common.
func TestRedis(t *testing.T) {
	t.Parallel()
	for way, options := range map[string]func(*aztoken.Client) *redis.Options{"Credentials": streaming, "Login": login} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			testRedis(t, options)
		})
	}
}

func testRedis(t *testing.T, options func(*aztoken.Client) *redis.Options) {
	t.Run("the user is the identity", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		client := server.open(t, options(server.token(t, recipetest.Known)))
		name, err := client.Do(t.Context(), "ACL", "WHOAMI").Text()
		require.NoError(t, err)
		require.Equal(t, recipetest.Known.ObjectID, name)
	})
	t.Run("the server refuses a token: its error, and no token in it", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Other)
		err := server.open(t, options(tokens)).Ping(t.Context()).Err()
		require.ErrorContains(t, err, "WRONGPASS")
		require.NotContains(t, err.Error(), recipetest.Token(t, tokens, resource).Value())
	})
	t.Run("a rotation under load: no command fails", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		client := server.open(t, options(tokens))
		load := recipetest.StartLoad(t, 4, increment(client))
		load.Await(t, 1000)
		old, _ := recipetest.Rotate(t, tokens, resource)
		load.Await(t, 1000) // calls that used the old token have ended
		require.NoError(t, server.setUser(t.Context(), "<"+old.Value()))
		load.Await(t, 1000)
		load.StopWell(t)
		require.NoError(t, server.open(t, options(tokens)).Ping(t.Context()).Err(), "a new connection")
	})
	t.Run("a rotation that fails under load: no command fails", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		client := server.open(t, options(tokens))
		load := recipetest.StartLoad(t, 4, increment(client))
		load.Await(t, 100)
		recipetest.FailToRotate(t, tokens, server.azure, resource)
		load.Await(t, 1000)
		load.StopWell(t)
		require.NoError(t, server.open(t, options(tokens)).Ping(t.Context()).Err(), "a new connection")
	})
	t.Run("the endpoint hangs at the start: the library's error", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		client := server.open(t, options(server.token(t, recipetest.Known)))
		recipetest.RequireNoToken(t, client.Ping(recipetest.Hang(t, server.azure)).Err(), resource)
	})
}

func transaction(client *redis.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		return client.Watch(ctx, func(tx *redis.Tx) error { return tx.Ping(ctx).Err() }, "calls")
	}
}

func increment(client *redis.Client) func(context.Context) error {
	return func(ctx context.Context) error { return client.Incr(ctx, "calls").Err() }
}
