package redis_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/auth"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	recipe "github.com/seed-ac726066/aztoken/integrations/recipes/redis"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	t.Run("open connections authenticate again", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		load := recipetest.StartLoad(t, 4, increment(server.connect(t, tokens)))
		load.Await(t, 1000)
		recipetest.Rotate(t, tokens, resource)
		require.Eventually(t, func() bool { calls, _ := server.authentications(t); return calls > 0 }, 30*time.Second, time.Millisecond)
		load.StopWell(t)
		_, failed := server.authentications(t)
		require.Zero(t, failed)
	})
	t.Run("a limit of connections counts those that wait to authenticate again: commands fail", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		tokens := server.token(t, recipetest.Known)
		opts := streaming(tokens)
		opts.MaxActiveConns = opts.PoolSize
		client := server.open(t, opts)
		var exhausted atomic.Bool
		load := recipetest.StartLoad(t, opts.PoolSize, func(ctx context.Context) error {
			err := increment(client)(ctx)
			if errors.Is(err, redis.ErrPoolExhausted) {
				exhausted.Store(true)
				return nil
			}
			return err
		})
		load.Await(t, 100)
		recipetest.Rotate(t, tokens, resource)
		require.Eventually(t, exhausted.Load, 30*time.Second, time.Millisecond, "go-redis waits now; mend the page")
		load.StopWell(t)
	})
	t.Run("a transaction that needs a new connection panics", func(t *testing.T) {
		t.Parallel()
		server := startCache(t)
		client := server.connect(t, server.token(t, recipetest.Known))
		require.Panics(t, func() { _ = transaction(client)(t.Context()) }, "go-redis is mended; mend the page")
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
		require.Equal(t, "1", receive(t, messages))
		calls, _ := server.authentications(t)
		require.Zero(t, calls, "go-redis does it now; mend the page")

		// Azure closes the connection of a user whose token has expired.
		require.NoError(t, server.admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err())
		require.Eventually(t, func() bool {
			heard, err := server.admin.Publish(t.Context(), "orders", "2").Result()
			return err == nil && heard == 1
		}, 10*time.Second, 10*time.Millisecond, "go-redis does not subscribe again")
		require.Equal(t, "2", receive(t, messages))
	})
}

// receive returns the next message.
func receive(t *testing.T, messages <-chan *redis.Message) string {
	t.Helper()
	select {
	case m := <-messages:
		return m.Payload
	case <-time.After(30 * time.Second):
		require.Fail(t, "no message came")
		return ""
	}
}

// listener is a connection that records the credentials that it gets.
type listener struct {
	mu   sync.Mutex
	told []string // the ends of the passwords; guarded by mu
}

// ending identifies a token.
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

// TestSubscribe tests what go-redis requires of a provider.
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
	require.NoError(t, tokens.Close())              // no callback is running any more
	for _, l := range []*listener{&twice, &other} { // they may also have got the first token
		require.Equal(t, ending(current.Value()), l.told[len(l.told)-1])
		require.Len(t, slices.Compact(l.told), len(l.told), "told twice of one token")
	}
	require.NotContains(t, ended.told, ending(current.Value()))

	_, _, err = provider.Subscribe(&other)
	require.ErrorIs(t, err, aztoken.ErrClosed)
	_, _, err = (&recipe.Credentials{Client: recipetest.NewHolder(t, "opaque"), Resource: resource}).Subscribe(&other)
	require.ErrorContains(t, err, "not a JWT")
}
