package neterr_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/neterr"
)

func TestErrorsOfSockets(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = net.Listen("tcp", taken.Addr().String())
	require.True(t, neterr.InUse(err), err)
	require.False(t, neterr.NoAddress(err))

	_, err = net.Listen("tcp", "192.0.2.1:0") // for documentation: no machine has it (RFC 5737)
	require.True(t, neterr.NoAddress(err), err)

	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := taken.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- conn
	}()
	conn, err := net.Dial("tcp", taken.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	other, ok := (<-accepted).(*net.TCPConn)
	require.True(t, ok)
	require.NoError(t, other.SetLinger(0))
	require.NoError(t, other.Close())
	_, err = conn.Read(make([]byte, 1))
	require.True(t, neterr.Reset(err), err)
	require.False(t, neterr.Refused(err))

	require.NoError(t, taken.Close())
	_, err = net.Dial("tcp", taken.Addr().String())
	require.True(t, neterr.Refused(err), err)
	require.False(t, neterr.Reset(nil))
}
