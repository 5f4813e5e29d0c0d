// Package testservice runs real servers for tests, on free ports of the loopback interface. They
// end with the test.
package testservice

import (
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Missing skips a test because a service is not installed, or fails it if the service is in
// AZTOKEN_REQUIRE, a list separated by commas.
func Missing(tb testing.TB, service, reason string) {
	tb.Helper()
	if slices.Contains(strings.Split(os.Getenv("AZTOKEN_REQUIRE"), ","), service) {
		tb.Fatalf("AZTOKEN_REQUIRE has %s, but %s", service, reason)
	}
	tb.Skip(reason)
}

// Ports are chosen below those that systems use for outgoing connections: otherwise a server that
// needs seconds to listen could find its port taken. A node of a Redis Cluster also listens at a
// port 10000 above its own.
const (
	firstPort = 10_240
	endPort   = 32_768
)

// FreeAddress returns an address of the loopback interface at which nothing listens.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	for range 1000 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(endPort-firstPort)))
		if listener, err := net.Listen("tcp", addr); err == nil {
			_ = listener.Close()
			return addr
		}
	}
	tb.Fatal("there is no free port on the loopback interface")
	return ""
}

// FreePort returns the port of a [FreeAddress].
func FreePort(tb testing.TB) string {
	tb.Helper()
	_, port, err := net.SplitHostPort(FreeAddress(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// SocketDir returns a directory with a short name: the path of a Unix socket has some hundred bytes
// at most, of which a test's own directory on macOS takes nearly all.
func SocketDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
