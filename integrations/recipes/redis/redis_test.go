package redis_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	recipe "github.com/seed-ac726066/aztoken/integrations/recipes/redis"
)

func TestRedis(t *testing.T) {
	t.Parallel()
	t.Run("the user is the identity", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		client := server.connect(t, server.token(t, recipetest.Known))
		name, err := client.Do(t.Context(), "ACL", "WHOAMI").Text()
		require.NoError(t, err)
		require.Equal(t, recipetest.Known.ObjectID, name)
	})
	t.Run("the server refuses a token: its error, and no token in it", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Other)
		err := server.connect(t, tokens).Ping(t.Context()).Err()
		require.ErrorContains(t, err, "WRONGPASS")
		require.NotContains(t, err.Error(), recipetest.Token(t, tokens, resource).Value())
	})
	t.Run("a rotation under load: open connections authenticate again, and no command fails", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		client := server.connect(t, tokens)
		load := recipetest.StartLoad(t, 4, increment(client))
		load.Await(t, 1000)
		old, _ := recipetest.Rotate(t, tokens, resource)
		require.Eventually(t, func() bool { load.Await(t, 100); calls, _ := server.authentications(t); return calls >= 4 }, 10*time.Second, time.Millisecond)
		require.NoError(t, server.setUser(t.Context(), "<"+old.Value()))
		load.Await(t, 1000)
		load.StopWell(t)
		_, failed := server.authentications(t)
		require.Zero(t, failed)
		require.NoError(t, server.connect(t, tokens).Ping(t.Context()).Err(), "a new connection")
	})
	t.Run("a rotation that fails under load: no command fails", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		client := server.connect(t, tokens)
		load := recipetest.StartLoad(t, 4, increment(client))
		load.Await(t, 100)
		recipetest.FailToRotate(t, tokens, server.azure, resource)
		load.Await(t, 1000)
		load.StopWell(t)
		require.NoError(t, server.connect(t, tokens).Ping(t.Context()).Err(), "a new connection")
	})
	t.Run("the server refuses the new token: open connections serve on", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		client := server.connect(t, tokens)
		load := recipetest.StartLoad(t, 4, increment(client))
		load.Await(t, 100)
		require.NoError(t, server.setUser(t.Context(), "off"))
		recipetest.Rotate(t, tokens, resource)
		load.Await(t, 1000)
		load.StopWell(t)
	})
	t.Run("the endpoint hangs at the start: the library's error", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		client := server.connect(t, server.token(t, recipetest.Known))
		err := client.Ping(recipetest.Hang(t, server.azure)).Err()
		recipetest.RequireNoToken(t, err, resource)
	})
	t.Run("a subscription to channels does not authenticate again", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		client := server.connect(t, tokens)
		subscription := client.Subscribe(t.Context(), "orders")
		t.Cleanup(func() { _ = subscription.Close() })
		_, err := subscription.Receive(t.Context())
		require.NoError(t, err)
		messages := subscription.Channel()
		recipetest.Rotate(t, tokens, resource)
		require.NoError(t, server.admin.Publish(t.Context(), "orders", "1").Err())
		require.Equal(t, "1", (<-messages).Payload)
		calls, _ := server.authentications(t)
		require.Zero(t, calls, "go-redis does it now; mend the page")

		// Azure ends the connection of a user whose token has expired.
		require.NoError(t, server.admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err())
		require.Eventually(t, func() bool {
			heard, err := server.admin.Publish(t.Context(), "orders", "2").Result()
			return err == nil && heard == 1
		}, 10*time.Second, 10*time.Millisecond, "go-redis does not subscribe again")
		require.Equal(t, "2", (<-messages).Payload)
	})
}

func increment(client *redis.Client) func(context.Context) error {
	return func(ctx context.Context) error { return client.Incr(ctx, "calls").Err() }
}

// listener is a connection that remembers what it is told.
type listener struct {
	mu   sync.Mutex
	told []string // the ends of the passwords; guarded by mu
}

// ending tells a token from others.
func ending(token string) string { return token[len(token)-16:] }

func (l *listener) OnNext(c auth.Credentials) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, password := c.BasicAuth()
	l.told = append(l.told, ending(password))
}

func (l *listener) OnError(error) {}

func (l *listener) heard(token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.told, ending(token))
}

// TestSubscribe: what go-redis asks of a provider.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	azure := recipetest.NewAzure(t, nil)
	tokens := recipetest.NewClient(t, azure, recipetest.Known)
	provider := &recipe.Credentials{Client: tokens, Resource: resource}
	var twice, ended, other listener
	for range 2 {
		first, _, err := provider.Subscribe(&twice)
		require.NoError(t, err)
		user, password := first.BasicAuth()
		require.Equal(t, recipetest.Known.ObjectID, user)
		require.Equal(t, recipetest.Token(t, tokens, resource).Value(), password)
	}
	_, end, err := provider.Subscribe(&ended)
	require.NoError(t, err)
	_, _, err = provider.Subscribe(&other)
	require.NoError(t, err)
	require.NoError(t, end())
	require.NoError(t, end())

	_, current := recipetest.Rotate(t, tokens, resource)
	for _, l := range []*listener{&twice, &other} {
		require.Eventually(t, func() bool { return l.heard(current.Value()) }, 10*time.Second, time.Millisecond)
	}
	require.NoError(t, tokens.Close())              // no callback is under way any more
	for _, l := range []*listener{&twice, &other} { // which may have heard of the first one too
		require.Equal(t, ending(current.Value()), l.told[len(l.told)-1])
		require.Len(t, slices.Compact(l.told), len(l.told), "told twice of one token")
	}
	require.NotContains(t, ended.told, ending(current.Value()))

	_, _, err = provider.Subscribe(&other)
	require.ErrorIs(t, err, aztoken.ErrClosed)
	_, _, err = (&recipe.Credentials{Client: recipetest.NewHolder(t, "opaque"), Resource: resource}).Subscribe(&other)
	require.ErrorContains(t, err, "not a JWT")
}
