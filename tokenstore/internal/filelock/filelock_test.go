//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package filelock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore/internal/filelock"
)

// This test runs alone: a process that another test starts inherits every open file of this one for
// a moment, and so keeps a lock whose file is closed here.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	t.Run("is had by one, until it unlocks", func(t *testing.T) {
		one, two := open(t, path), open(t, path)
		require.True(t, tryLock(t, one))
		require.False(t, tryLock(t, two))
		require.NoError(t, filelock.Unlock(one))
		require.True(t, tryLock(t, two))
		require.NoError(t, filelock.Unlock(two))
	})
	t.Run("ends when the file is closed", func(t *testing.T) {
		one, two := open(t, path), open(t, path)
		require.True(t, tryLock(t, one))
		require.NoError(t, one.Close())
		require.True(t, tryLock(t, two))
		require.NoError(t, filelock.Unlock(two))
	})
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	return file
}

func tryLock(t *testing.T, file *os.File) bool {
	t.Helper()
	ok, err := filelock.TryLock(file)
	require.NoError(t, err)
	return ok
}
