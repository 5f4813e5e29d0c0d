package tokenstore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

// Not parallel: a child that another test starts would have files open for a moment, which keeps
// their room and the file system in use.
func TestADiskThatIs(t *testing.T) {
	ctx, later := t.Context(), time.Now().Add(time.Hour)

	t.Run("full keeps the old entry, and takes a new one when there is room", func(t *testing.T) {
		path := mount(t, "size=128k")
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("old"), later))
		filler := fill(t, path)
		large := bytes.Repeat([]byte("new"), 10_000)
		require.ErrorIs(t, store.Save(ctx, vault, large, later), syscall.ENOSPC)
		requirePayloads(t, store, vault, "old")
		require.Len(t, names(t, home(t, path)), 3, "the entry, the key and its lock")
		require.NoError(t, os.Truncate(filler, 0))
		require.NoError(t, store.Save(ctx, vault, large, later))
		requirePayloads(t, store, vault, string(large))
	})
	t.Run("full from the start has no empty key", func(t *testing.T) {
		path := mount(t, "size=128k")
		filler := fill(t, path)
		store := newStore(t, tokenstore.Dir(path))
		require.ErrorIs(t, store.Save(ctx, vault, []byte("payload"), later), syscall.ENOSPC)
		require.NoFileExists(t, ownKeyFile(t, path))
		require.NoError(t, os.Truncate(filler, 0))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		requirePayloads(t, store, vault, "payload")
	})
	t.Run("read-only is read", func(t *testing.T) {
		path := mount(t, "")
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		require.NoError(t, syscall.Mount("", path, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
		require.ErrorIs(t, store.Save(ctx, vault, []byte("payload 2"), later), syscall.EROFS)
		_, ok, err := store.Lock(ctx, vault, time.Minute)
		require.False(t, ok)
		require.ErrorIs(t, err, syscall.EROFS)
		requirePayloads(t, store, vault, "payload")
	})
}

// mount returns the path of a file system of its own.
func mount(t *testing.T, options string) string {
	t.Helper()
	path := t.TempDir()
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, options); err != nil {
		t.Skipf("only who may mount can try a full disk: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(path, 0)) })
	return path
}

// fill leaves no room on a disk, and returns the file that takes it.
func fill(t *testing.T, path string) string {
	t.Helper()
	filler := filepath.Join(path, "filler")
	file, err := os.Create(filler)
	require.NoError(t, err)
	defer file.Close()
	for {
		if _, err := file.Write(make([]byte, 4096)); errors.Is(err, syscall.ENOSPC) {
			return filler
		}
		require.NoError(t, err)
	}
}
