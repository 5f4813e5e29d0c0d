package integrations_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// patience is a caller's deadline where there will be no answer: the one time that passes for real
// in these tests.
const patience = 300 * time.Millisecond

// Off Azure there is nothing at the address of IMDS, in one of three ways that look different to a
// socket.
func TestWhereThereIsNoIMDSACallerGetsAnErrorAtItsDeadline(t *testing.T) {
	needNamespace(t)
	imdstest.Environment{}.Setenv(t)
	for name, place := range map[string]struct {
		arrange func(t *testing.T)
		absent  bool // and the client can tell
	}{
		"nothing listens":     {func(*testing.T) {}, true},
		"there is no route":   {withoutRoute, true},
		"packets are dropped": {withDroppedPackets, false},
	} {
		t.Run(name, func(t *testing.T) {
			place.arrange(t)
			client, err := aztoken.NewClient(nil)
			require.NoError(t, err)
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			start := time.Now()
			_, err = client.Token(ctx, resourceOf(t))
			require.Error(t, err)
			require.Less(t, time.Since(start), 10*patience)
			require.Equal(t, place.absent, errors.Is(err, aztoken.ErrNoManagedIdentity), "%v", err)
		})
	}
}

// withoutRoute takes the address of IMDS away, so that packets to it have nowhere to go.
func withoutRoute(t *testing.T) {
	t.Helper()
	require.NoError(t, setAddress("0.0.0.0"))
	t.Cleanup(func() { require.NoError(t, setUpLoopback()) })
	_, err := net.Dial("tcp", imdsAddress+":80")
	require.ErrorIs(t, err, unix.ENETUNREACH)
}

// withDroppedPackets makes a socket at the address of IMDS that is full: Linux drops what comes to
// connect to it.
func withDroppedPackets(t *testing.T) {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	full := os.NewFile(uintptr(socket), "full")
	t.Cleanup(func() { full.Close() })
	require.NoError(t, unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	require.NoError(t, unix.Bind(socket, &unix.SockaddrInet4{Port: 80, Addr: [4]byte(net.ParseIP(imdsAddress).To4())}))
	require.NoError(t, unix.Listen(socket, 0))
	first, err := net.Dial("tcp", imdsAddress+":80") // the one that has a place
	require.NoError(t, err)
	t.Cleanup(func() { first.Close() })
}
