//go:build unix

package hosts

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAFIFOInPlaceOfAKeyHoldsUpNobody(t *testing.T) {
	t.Parallel()
	keys := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(keys, "a.key"), 0o600))
	_, err := ArcFiles{Keys: keys}.key("Basic realm=" + keys + "/a.key")
	require.ErrorIs(t, err, errNotRegular)
}
