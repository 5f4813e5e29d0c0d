// Package testservice runs real servers for tests: on free ports of the loopback interface, and
// ended with the test.
package testservice

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// Missing skips a test for which there is no service of this name, or fails it where
// AZTOKEN_REQUIRE, a list with commas, says that there must be one.
func Missing(tb testing.TB, service, reason string) {
	tb.Helper()
	if slices.Contains(strings.Split(os.Getenv("AZTOKEN_REQUIRE"), ","), service) {
		tb.Fatalf("AZTOKEN_REQUIRE has %s, but %s", service, reason)
	}
	tb.Skip(reason)
}

// maxPort leaves room for servers that listen at a port 10000 above theirs, as nodes of a Redis
// Cluster do.
const maxPort = 55_000

// FreeAddress returns an address of the loopback interface at which nothing listens.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		addr := listener.Addr().(*net.TCPAddr)
		_ = listener.Close()
		if addr.Port < maxPort {
			return addr.String()
		}
	}
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
