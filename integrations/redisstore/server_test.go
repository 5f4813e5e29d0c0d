package redisstore_test

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// missing skips a test for which there is no Redis, or fails it where AZTOKEN_REQUIRE says that
// there must be one.
func missing(t *testing.T, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("AZTOKEN_REQUIRE"), ","), "redis") {
		t.Fatalf("AZTOKEN_REQUIRE has redis, but %s", reason)
	}
	t.Skip(reason)
}

// server is a redis-server that a test started.
type server struct {
	addr string
	args []string
	cmd  *exec.Cmd
}

// startServer starts a redis-server with these arguments, which ends with the test.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		missing(t, "there is no redis-server on this machine")
	}
	addr := freeAddress(t)
	_, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	s := &server{addr: addr, args: append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir()}, args...)}
	t.Cleanup(func() { s.kill(t) })
	s.start(t)
	return s
}

// start starts the server and returns when it answers.
func (s *server) start(t *testing.T) {
	t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	require.NoError(t, s.cmd.Start())
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, 10*time.Second, 10*time.Millisecond)
}

// kill ends the server as a crash does.
func (s *server) kill(t *testing.T) {
	t.Helper()
	if s.cmd.ProcessState == nil {
		require.NoError(t, s.cmd.Process.Kill())
		_ = s.cmd.Wait() // which says that it was killed
	}
}

// client returns a client of the server.
func (s *server) client(t *testing.T) *redis.Client {
	t.Helper()
	return open(t, &redis.Options{Addr: s.addr})
}

// freeAddress returns an address at which nothing listens. Cluster nodes listen at a port 10000
// above theirs.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		addr := listener.Addr().(*net.TCPAddr)
		require.NoError(t, listener.Close())
		if addr.Port < 55_000 {
			return addr.String()
		}
	}
}

// open returns a client that ends with the test.
func open(t *testing.T, opts *redis.Options) *redis.Client {
	t.Helper()
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// connect returns a client of the Redis of this machine, or else of one that the test starts, and a
// prefix for the test.
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
