package tokenstore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func testHome(t *testing.T) *home {
	t.Helper()
	h, err := openHome(t.TempDir(), true, true)
	require.NoError(t, err)
	t.Cleanup(h.close)
	return h
}

// A process that saw no key may get the lock after another one has made the key.
func TestAKeyThatAnotherProcessMadeMeanwhileIsUsed(t *testing.T) {
	t.Parallel()
	h := testHome(t)
	first, err := h.makeKey(t.Context())
	require.NoError(t, err)
	second, err := h.makeKey(t.Context())
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestALockedFileIsTheOneThatOthersFind(t *testing.T) {
	t.Parallel()
	h := testHome(t)
	const name = "a" + lockSuffix
	path := filepath.Join(h.path, name)
	locked, err := h.lock(name)
	require.NoError(t, err)
	defer release(locked)
	require.True(t, h.leadsTo(name, locked))

	require.NoError(t, os.Rename(path, path+".old"))
	require.False(t, h.leadsTo(name, locked), "its name is gone")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.False(t, h.leadsTo(name, locked), "its name is another file's")
	other, err := h.lock(name)
	require.NoError(t, err)
	require.NotNil(t, other, "the new file has a lock of its own")
	release(other)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Rename(path+".old", path))
	require.True(t, h.leadsTo(name, locked))
	again, err := h.lock(name)
	require.NoError(t, err)
	require.Nil(t, again)
}
