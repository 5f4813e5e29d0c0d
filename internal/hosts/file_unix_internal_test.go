//go:build unix

package hosts

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadWordFIFO: a FIFO in place of a key file does not block.
func TestReadWordFIFO(t *testing.T) {
	t.Parallel()
	keys := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(keys, "a.key"), 0o600))
	_, err := ArcFiles{Keys: keys}.key("Basic realm=" + keys + "/a.key")
	require.ErrorIs(t, err, errNotRegular)
}

// TestReadWordLimit: a file is read up to the limit only.
func TestReadWordLimit(t *testing.T) {
	t.Parallel()
	keys := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(keys, "a.key"), nil, 0o600))
	require.NoError(t, os.Truncate(filepath.Join(keys, "a.key"), 1<<40)) // which takes no room
	_, err := ArcFiles{Keys: keys}.key("Basic realm=" + keys + "/a.key")
	require.ErrorIs(t, err, errFileTooLarge)
}

// TestReadWordCloses: reading a key leaves no file open.
func TestReadWordCloses(t *testing.T) {
	t.Parallel()
	keys := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(keys, "a.key"), []byte("key"), 0o600))
	for range 100 { // so that the collector, which closes what is left, cannot have got them all
		_, err := ArcFiles{Keys: keys}.key("Basic realm=" + keys + "/a.key")
		require.NoError(t, err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("nothing tells which files are open")
	}
	for _, fd := range open {
		if file, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil {
			require.False(t, strings.HasPrefix(file, keys), file)
		}
	}
}
