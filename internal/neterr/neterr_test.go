package neterr_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/neterr"
)

// Reset is what a client of imdstest.Refused over a socket gets: see the tests there.
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

	require.NoError(t, taken.Close())
	_, err = net.Dial("tcp", taken.Addr().String())
	require.True(t, neterr.Refused(err), err)
	require.False(t, neterr.Reset(err))
	require.False(t, neterr.Reset(nil))
}
