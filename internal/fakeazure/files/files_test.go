package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/files"
)

func TestDir(t *testing.T) {
	t.Parallel()
	var d files.Dir
	path, err := d.Write("name", []byte("first"))
	require.NoError(t, err)
	again, err := d.Write("name", []byte("second"))
	require.NoError(t, err)
	require.Equal(t, path, again)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "second", string(content))
	d.Close()
	d.Close()
	require.NoDirExists(t, filepath.Dir(path))
	_, err = d.Write("name", nil)
	require.ErrorIs(t, err, files.ErrClosed)
}

func TestArcKeys(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "tokens")
	k := files.NewArcKeys(dir)
	require.NoError(t, k.Prepare())
	path, err := k.New()
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(path, dir) && strings.HasSuffix(path, ".key"), path)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.False(t, k.Use("x"))
	require.True(t, k.Use(string(content)))
	require.NoFileExists(t, path)
	require.False(t, k.Use(string(content)), "a key is good once")

	for range 200 {
		_, err := k.New()
		require.NoError(t, err)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 100, "one that never reads them does not fill the disk")
	k.Close()
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = k.New()
	require.ErrorIs(t, err, files.ErrClosed)
}
