package redisstore_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// server is a redis-server that a test started.
type server struct{ *testservice.Redis }

// startServer starts a redis-server with these arguments, which ends with the test.
func startServer(t *testing.T, args ...string) server {
	t.Helper()
	return server{testservice.StartRedis(t, args...)}
}

// client returns a client of the server.
func (s server) client(t *testing.T) *redis.Client {
	t.Helper()
	return open(t, &redis.Options{Addr: s.Addr})
}

// open returns a client that ends with the test.
func open(t *testing.T, opts *redis.Options) *redis.Client {
	t.Helper()
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// connect returns a client of the Redis on this machine or, if there is none, of one that the test
// starts, and a key prefix for the test.
func connect(t *testing.T) (client *redis.Client, prefix string) {
	t.Helper()
	prefix = "aztoken-test-" + rand.Text() + ":"
	client = redis.NewClient(&redis.Options{Addr: "127.0.0.1:6379", MaxRetries: -1})
	if client.Ping(t.Context()).Err() != nil {
		_ = client.Close()
		return startServer(t).client(t), prefix
	}
	t.Cleanup(func() {
		ctx := context.Background()
		if keys := keysOf(t, ctx, client, prefix); len(keys) > 0 {
			require.NoError(t, client.Del(ctx, keys...).Err())
		}
		require.NoError(t, client.Close())
	})
	return client, prefix
}

// keysOf returns the keys that begin with prefix.
func keysOf(t *testing.T, ctx context.Context, client *redis.Client, prefix string) (keys []string) {
	t.Helper()
	for found := client.Scan(ctx, 0, prefix+"*", 1000).Iterator(); found.Next(ctx); {
		keys = append(keys, found.Val())
	}
	return keys
}
