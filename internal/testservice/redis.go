package testservice

import (
	"net"
	"os/exec"
	"testing"
)

// Redis is a redis-server that a test started.
type Redis struct {
	Addr string
	Args []string // of the program, for Restart
	*Process
}

// StartRedis starts a redis-server with these arguments, which ends with the test.
func StartRedis(tb testing.TB, args ...string) *Redis {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		Missing(tb, "redis", "there is no redis-server on this machine")
	}
	r := &Redis{Addr: FreeAddress(tb)}
	_, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		tb.Fatal(err)
	}
	r.Args = append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", tb.TempDir()}, args...)
	r.Restart(tb)
	return r
}

// Restart starts the server again after it was killed.
func (r *Redis) Restart(tb testing.TB) {
	tb.Helper()
	r.Process = Start(tb, exec.Command("redis-server", r.Args...), r.Addr)
}
