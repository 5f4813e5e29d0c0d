package redisstore_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestTopologies(t *testing.T) {
	t.Parallel()
	t.Run("Cluster", func(t *testing.T) {
		t.Parallel()
		node := startServer(t, "--cluster-enabled", "yes")
		require.NoError(t, node.client(t).ClusterAddSlotsRange(t.Context(), 0, 16383).Err())
		client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{node.Addr}})
		t.Cleanup(func() { _ = client.Close() })
		require.Eventually(t, func() bool { return client.Set(t.Context(), "ready", "", time.Minute).Err() == nil },
			20*time.Second, 50*time.Millisecond)
		requireWorks(t, client)
	})
	t.Run("Sentinel", func(t *testing.T) {
		t.Parallel()
		primary := startServer(t)
		host, port, err := net.SplitHostPort(primary.Addr)
		require.NoError(t, err)
		config := filepath.Join(t.TempDir(), "sentinel.conf")
		require.NoError(t, os.WriteFile(config, []byte("sentinel monitor main "+host+" "+port+" 1\n"), 0o600))
		sentinel := startServer(t)
		sentinel.Kill()
		sentinel.Args = append([]string{config, "--sentinel"}, sentinel.Args...)
		sentinel.Restart(t)
		client := redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{sentinel.Addr}})
		t.Cleanup(func() { _ = client.Close() })
		requireWorks(t, client)
	})
}

// requireWorks requires that a store on client saves a payload and locks.
func requireWorks(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	store := newStore(t, client, "orders:tokens:")
	require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), time.Now().Add(time.Hour)))
	requirePayload(t, store, "payload")
	unlock, ok, err := store.Lock(t.Context(), vault, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	_, ok, err = store.Lock(t.Context(), vault, time.Minute)
	require.NoError(t, err)
	require.False(t, ok)
	unlock()
	unlock, ok, err = store.Lock(t.Context(), vault, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	unlock()
}
