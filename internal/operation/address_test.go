package operation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/operation"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for address, remote := range map[string]bool{
		"127.0.0.1:16931": false, "[::1]:16931": false, "localhost:16931": false, "127.0.0.2:1": false, "unix:/run/aztoken/guard.sock": false,
		":16931": true, "0.0.0.0:16931": true, "[::]:16931": true, "172.17.0.1:16931": true, "guard.example:80": true,
	} {
		require.NoError(t, operation.CheckAddress(address), address)
		require.Equal(t, remote, operation.IsRemote(address), address)
	}
	for _, address := range []string{"", "16931", "127.0.0.1", "unix:", "unix:guard.sock", "::1:16931"} {
		require.Error(t, operation.CheckAddress(address), address)
	}
}
