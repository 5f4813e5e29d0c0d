//go:build unix

package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/integrations/redisstore"
	"github.com/seed-ac726066/aztoken/internal/testservice"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// patience is how long aztoken's client waits for a store. slack is what a loaded machine may add
// to that.
const (
	patience = 250 * time.Millisecond
	slack    = time.Second
)

func TestFaults(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour)

	t.Run("killed and started again: an error, and then it works", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		store := newStore(t, server.client(t), "x:")
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), later))
		server.Kill()
		requireDown(t, store)
		server.Restart(t)
		_, err := store.Load(t.Context(), vault)
		require.ErrorIs(t, err, tokenstore.ErrNotFound) // it lost its data
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload 2"), later))
		requirePayload(t, store, "payload 2")
	})
	t.Run("stopped: callers leave at their deadline, and then it works", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		store := newStore(t, server.client(t), "x:")
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), later))
		require.NoError(t, server.Stop())
		for range 12 { // more than a Store runs at the same time
			ctx, cancel := context.WithTimeout(t.Context(), patience/5)
			_, err := store.Load(ctx, vault)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		requireDown(t, store)
		require.NoError(t, server.Resume())
		require.Eventually(t, func() bool {
			payloads, err := store.Load(t.Context(), vault)
			return err == nil && len(payloads) == 1
		}, 10*time.Second, 50*time.Millisecond)
	})
	t.Run("full: saves fail, loads work", func(t *testing.T) {
		t.Parallel()
		server := startServer(t, "--maxmemory-policy", "noeviction")
		client := server.client(t)
		store := newStore(t, client, "x:")
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), later))
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "1").Err())
		requireRefused(t, store.Save(t.Context(), vault, []byte("payload 2"), later), "OOM")
		_, ok, err := store.Lock(t.Context(), vault, time.Minute)
		require.False(t, ok)
		requireRefused(t, err, "OOM")
		requirePayload(t, store, "payload")
		require.NoError(t, client.ConfigSet(t.Context(), "maxmemory", "0").Err())
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload 2"), later))
		requirePayload(t, store, "payload 2")
	})
	t.Run("a read-only replica: saves fail, loads work", func(t *testing.T) {
		t.Parallel()
		primary := startServer(t, "--repl-diskless-sync-delay", "0")
		_, port, err := net.SplitHostPort(primary.Addr)
		require.NoError(t, err)
		replica := startServer(t, "--replicaof", "127.0.0.1 "+port)
		require.NoError(t, newStore(t, primary.client(t), "x:").Save(t.Context(), vault, []byte("payload"), later))
		store := newStore(t, replica.client(t), "x:")
		require.Eventually(t, func() bool {
			payloads, err := store.Load(t.Context(), vault)
			return err == nil && len(payloads) == 1
		}, 20*time.Second, 50*time.Millisecond)
		requireRefused(t, store.Save(t.Context(), vault, []byte("payload 2"), later), "READONLY")
		_, _, err = store.Lock(t.Context(), vault, time.Minute)
		requireRefused(t, err, "READONLY")
	})
	t.Run("a wrong password: an error without it", func(t *testing.T) {
		t.Parallel()
		server := startServer(t, "--requirepass", "right")
		for name, test := range map[string]struct {
			opts *redis.Options
			code string
		}{
			"wrong": {&redis.Options{Addr: server.Addr, Password: "the-wrong-one"}, "WRONGPASS"},
			"none":  {&redis.Options{Addr: server.Addr}, "NOAUTH"},
		} {
			_, err := newStore(t, open(t, test.opts), "x:").Load(t.Context(), vault)
			requireRefused(t, err, test.code)
			require.NotContains(t, err.Error(), "the-wrong-one", name)
		}
	})
	t.Run("a user who may do nothing: an error that says what it needs", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		require.NoError(t, server.client(t).Do(t.Context(), "ACL", "SETUSER", "other", "on", ">secret", "~other:*", "+@all").Err())
		store := newStore(t, open(t, &redis.Options{Addr: server.Addr, Username: "other", Password: "secret"}), "x:")
		_, err := store.Load(t.Context(), vault)
		requireRefused(t, err, "NOPERM")
		require.ErrorContains(t, err, "GETRANGE, SET")
	})
	t.Run("a server that repeats the password: an error without it", func(t *testing.T) {
		t.Parallel()
		addr := answer(t, "-ERR unknown command `AUTH`, with args beginning with: `the-password`, \r\n")
		_, err := newStore(t, open(t, &redis.Options{Addr: addr, Password: "the-password"}), "x:").Load(t.Context(), vault)
		requireRefused(t, err, "ERR")
		require.NotContains(t, err.Error(), "the-password")
	})
	t.Run("a proxy that cuts connections: go-redis repeats", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		proxy := startProxy(t, server.Addr)
		store := newStore(t, open(t, &redis.Options{Addr: proxy.addr}), "x:")
		proxy.loseReplyTo.Store("set")
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), later))
		proxy.loseReplyTo.Store("getrange")
		requirePayload(t, store, "payload")
	})
	t.Run("a proxy that delays: callers leave at their deadline", func(t *testing.T) {
		t.Parallel()
		server := startServer(t)
		proxy := startProxy(t, server.Addr)
		store := newStore(t, open(t, &redis.Options{Addr: proxy.addr}), "x:")
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), later))
		proxy.held.Store(true)
		requireDown(t, store)
		proxy.held.Store(false)
		close(proxy.release)
		requirePayload(t, store, "payload")
	})
	t.Run("nothing listens: an error", func(t *testing.T) {
		t.Parallel()
		requireDown(t, newStore(t, open(t, &redis.Options{Addr: testservice.FreeAddress(t)}), "x:"))
	})
}

// requireDown requires that loads, saves and locks fail, each in time and not as a cache miss.
func requireDown(t *testing.T, store *tokenstore.Store) {
	t.Helper()
	for _, use := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := store.Load(ctx, vault); return err },
		func(ctx context.Context) error {
			return store.Save(ctx, vault, []byte("payload"), time.Now().Add(time.Hour))
		},
		func(ctx context.Context) error { _, _, err := store.Lock(ctx, vault, time.Second); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		start := time.Now()
		err := use(ctx)
		cancel()
		require.Less(t, time.Since(start), patience+slack)
		require.Error(t, err)
		require.NotErrorIs(t, err, tokenstore.ErrNotFound)
		require.NotErrorIs(t, err, tokenstore.ErrUnreadable)
	}
}

func requireRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refused *redisstore.ServerError
	require.True(t, errors.As(err, &refused), "%v", err)
	require.Equal(t, code, refused.Code)
}

// answer returns the address of a server that answers every command with reply.
func answer(t *testing.T, reply string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			for request := make([]byte, 4096); ; {
				n, err := conn.Read(request)
				if err != nil {
					break
				}
				commands := 1 + bytes.Count(request[:n], []byte("\n*")) // several may come at once
				if _, err := conn.Write(bytes.Repeat([]byte(reply), commands)); err != nil {
					break
				}
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String()
}
