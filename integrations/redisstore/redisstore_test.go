package redisstore_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/integrations/redisstore"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// vault is the entry that the tests use.
var vault = tokenstore.Entry{
	Host:     "imds",
	Identity: "client_id:6c1c9f5b-5d53-4d2d-a3a7-3f7f0f0b2d0e",
	Resource: "https://vault.azure.net",
}

func newStore(t *testing.T, client redis.UniversalClient, prefix string) *tokenstore.Store {
	t.Helper()
	store, err := tokenstore.New(redisstore.New(client, prefix), bytes.Repeat([]byte("k"), tokenstore.KeySize))
	require.NoError(t, err)
	return store
}

func requirePayload(t *testing.T, store *tokenstore.Store, want string) {
	t.Helper()
	payloads, err := store.Load(t.Context(), vault)
	require.NoError(t, err)
	require.Equal(t, [][]byte{[]byte(want)}, payloads)
}

func TestBackend(t *testing.T) {
	t.Parallel()
	client, prefix := connect(t)
	ctx := t.Context()
	later := time.Now().Add(time.Hour)
	blob := []byte("\x00blob\r\n\xff")

	t.Run("returns what was saved, and replaces it", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"a:")
		require.NoError(t, backend.Save(ctx, "0a", blob, later))
		got, err := backend.Load(ctx, "0a")
		require.NoError(t, err)
		require.Equal(t, blob, got)
		require.NoError(t, backend.Save(ctx, "0a", []byte("other"), later))
		got, err = backend.Load(ctx, "0a")
		require.NoError(t, err)
		require.Equal(t, "other", string(got))
	})
	t.Run("has nothing under another key", func(t *testing.T) {
		_, err := redisstore.New(client, prefix+"b:").Load(ctx, "0a")
		require.ErrorIs(t, err, tokenstore.ErrNotFound)
	})
	t.Run("lets every key expire with its token", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"c:")
		require.NoError(t, backend.Save(ctx, "0a", blob, later))
		require.NoError(t, backend.Save(ctx, "0b", blob, time.Now().Add(1500*time.Millisecond)))
		_, ok, err := backend.Lock(ctx, "0a", 1500*time.Millisecond)
		require.NoError(t, err)
		require.True(t, ok)
		keys := keysOf(t, ctx, client, prefix+"c:")
		require.Len(t, keys, 3)
		for _, key := range keys {
			require.Positive(t, client.PTTL(ctx, key).Val(), key)
		}
		require.InDelta(t, time.Hour, client.PTTL(ctx, prefix+"c:0a").Val(), float64(10*time.Second))
	})
	t.Run("does not save what has ended", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"d:")
		for _, ends := range []time.Duration{0, -time.Second, -24 * time.Hour, 100 * time.Microsecond} {
			require.NoError(t, backend.Save(ctx, "0a", blob, time.Now().Add(ends)))
		}
		require.NoError(t, backend.Save(ctx, "0a", blob, time.Time{}))
		require.Empty(t, keysOf(t, ctx, client, prefix+"d:"))
	})
	t.Run("takes neither a value that is too large nor one of another type for a blob", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"e:")
		require.NoError(t, client.Set(ctx, prefix+"e:0a", make([]byte, tokenstore.MaxBlob+1), time.Minute).Err())
		require.NoError(t, client.LPush(ctx, prefix+"e:0b", "x").Err())
		require.NoError(t, client.Set(ctx, prefix+"e:0c", make([]byte, tokenstore.MaxBlob), time.Minute).Err())
		for _, key := range []string{"0a", "0b"} {
			_, err := backend.Load(ctx, key)
			require.ErrorIs(t, err, tokenstore.ErrUnreadable)
			require.NoError(t, backend.Save(ctx, key, blob, later))
			got, err := backend.Load(ctx, key)
			require.NoError(t, err)
			require.Equal(t, blob, got)
		}
		got, err := backend.Load(ctx, "0c")
		require.NoError(t, err)
		require.Len(t, got, tokenstore.MaxBlob)
	})
	t.Run("refuses a blob that is too large", func(t *testing.T) {
		require.ErrorContains(t, redisstore.New(client, prefix+"f:").Save(ctx, "0a", make([]byte, tokenstore.MaxBlob+1), later), "too large")
	})
	t.Run("has nothing readable in Redis", func(t *testing.T) {
		store := newStore(t, client, prefix+"g:")
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		requirePayload(t, store, "payload")
		_, ok, err := store.Lock(ctx, vault, time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		for _, key := range keysOf(t, ctx, client, prefix+"g:") {
			shown := key + client.Get(ctx, key).Val()
			for _, secret := range []string{"payload", vault.Identity, vault.Identity[10:], vault.Resource, strings.Repeat("k", 32)} {
				require.NotContains(t, shown, secret)
			}
		}
	})
}

// The user is the one in docs/store.md.
func TestTheLeastRightsThatItNeeds(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	ctx, admin := t.Context(), server.client(t)
	require.NoError(t, admin.Do(ctx, "ACL", "SETUSER", "orders", "on", ">secret", "resetkeys", "~orders:tokens:*", "resetchannels",
		"-@all", "+@connection", "+get", "+getrange", "+set", "+del", "+eval", "+evalsha").Err())
	requireWorks(t, open(t, &redis.Options{Addr: server.Addr, Username: "orders", Password: "secret"}))
	require.Len(t, keysOf(t, ctx, admin, "orders:tokens:"), 1) // the lock was released
}

func TestLock(t *testing.T) {
	t.Parallel()
	client, prefix := connect(t)
	ctx := t.Context()

	t.Run("is had by one of many", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"a:")
		var held atomic.Int32
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				_, ok, err := backend.Lock(ctx, "0a", time.Minute)
				if err != nil {
					t.Error(err)
				}
				if ok {
					held.Add(1)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 1, held.Load())
	})
	t.Run("is free after unlock, and unlocking twice is nothing", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"b:")
		unlock, ok, err := backend.Lock(ctx, "0a", time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		require.False(t, locks(t, backend))
		unlock()
		unlock()
		require.True(t, locks(t, backend))
	})
	t.Run("ends by itself", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"c:")
		_, ok, err := backend.Lock(ctx, "0a", 50*time.Millisecond)
		require.NoError(t, err)
		require.True(t, ok)
		require.Eventually(t, func() bool { return locks(t, backend) }, 5*time.Second, 10*time.Millisecond)
	})
	t.Run("that has ended is not taken from its next holder", func(t *testing.T) {
		backend := redisstore.New(client, prefix+"d:")
		late, ok, err := backend.Lock(ctx, "0a", time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, client.Del(ctx, prefix+"d:lock:0a").Err()) // as if it had expired
		unlock, ok, err := backend.Lock(ctx, "0a", time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		late()
		require.False(t, locks(t, backend))
		unlock()
	})
	t.Run("is held by whose reply to SET NX was lost", func(t *testing.T) {
		addr := client.Options().Addr
		proxy := startProxy(t, addr)
		backend := redisstore.New(open(t, &redis.Options{Addr: proxy.addr}), prefix+"e:")
		proxy.loseReplyTo.Store("lock:0a")
		unlock, ok, err := backend.Lock(ctx, "0a", time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		require.Empty(t, proxy.loseReplyTo.Load(), "a reply was lost")
		unlock()
		require.Empty(t, keysOf(t, ctx, client, prefix+"e:"))
	})
	t.Run("has a time that Redis can count", func(t *testing.T) {
		for _, ttl := range []time.Duration{0, -time.Second, time.Microsecond} {
			_, ok, err := redisstore.New(client, prefix+"f:").Lock(ctx, "0a", ttl)
			require.Error(t, err)
			require.False(t, ok)
		}
		require.Empty(t, keysOf(t, ctx, client, prefix+"f:"))
	})
	t.Run("ends by itself where scripts are refused", func(t *testing.T) {
		server := startServer(t)
		admin := server.client(t)
		require.NoError(t, admin.Do(ctx, "ACL", "SETUSER", "plain", "on", ">secret", "~*", "+@all", "-@scripting").Err())
		backend := redisstore.New(open(t, &redis.Options{Addr: server.Addr, Username: "plain", Password: "secret"}), "x:")
		unlock, ok, err := backend.Lock(ctx, "0a", 100*time.Millisecond)
		require.NoError(t, err)
		require.True(t, ok)
		unlock()
		require.Len(t, keysOf(t, ctx, admin, "x:"), 1)
		require.Eventually(t, func() bool { return locks(t, backend) }, 5*time.Second, 10*time.Millisecond)
	})
}

// locks reports whether the lock of 0a is free. It releases the lock again.
func locks(t *testing.T, backend *redisstore.Backend) bool {
	t.Helper()
	unlock, ok, err := backend.Lock(context.Background(), "0a", time.Minute)
	require.NoError(t, err)
	if ok {
		unlock()
	}
	return ok
}
