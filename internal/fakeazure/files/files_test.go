package files_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
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

func TestProject(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no links on Windows: see TestProjectOfPlainFiles")
	}
	var d files.Dir
	path, err := d.Project("volume", "ca.crt", []byte("first"))
	require.NoError(t, err)
	volume := filepath.Dir(path)
	inner, err := os.Readlink(path)
	require.NoError(t, err)
	require.Equal(t, filepath.Join("..data", "ca.crt"), inner)
	before, err := os.Readlink(filepath.Join(volume, "..data"))
	require.NoError(t, err)
	open, err := os.Open(path)
	require.NoError(t, err)
	defer open.Close()

	for _, content := range [][]byte{[]byte("second"), {}, nil, []byte("third")} {
		again, err := d.Project("volume", "ca.crt", content)
		require.NoError(t, err)
		require.Equal(t, path, again)
		got, err := os.ReadFile(path)
		if content == nil {
			require.ErrorIs(t, err, os.ErrNotExist)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, content, got)
	}
	got, err := io.ReadAll(open)
	require.NoError(t, err)
	require.Equal(t, "first", string(got), "who has it open reads on")
	after, err := os.Readlink(filepath.Join(volume, "..data"))
	require.NoError(t, err)
	require.NotEqual(t, before, after, "it is the link that was swapped")
	left, err := os.ReadDir(volume)
	require.NoError(t, err)
	require.Len(t, left, 3, "the link, the link behind it, and one directory")

	d.Close()
	require.NoDirExists(t, volume)
	_, err = d.Project("volume", "ca.crt", nil)
	require.ErrorIs(t, err, files.ErrClosed)
}

func TestProjectOfPlainFiles(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "windows" {
		t.Skip("they are for Windows")
	}
	var d files.Dir
	for _, content := range [][]byte{[]byte("first"), []byte("second"), {}, nil, nil, []byte("third")} {
		path, err := d.Project("volume", "ca.crt", content)
		require.NoError(t, err)
		got, err := os.ReadFile(path)
		if content == nil {
			require.ErrorIs(t, err, os.ErrNotExist)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, content, got)
	}
	d.Close()
	_, err := d.Project("volume", "ca.crt", nil)
	require.ErrorIs(t, err, files.ErrClosed)
}

// TestProjectIsAtOnce: no reader sees an empty file or half of one. A reader may come between the
// two links, as with the kubelet, and then finds no file.
func TestProjectIsAtOnce(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("on Windows a file cannot be replaced while somebody has it open")
	}
	var d files.Dir
	defer d.Close()
	long := []string{strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<16)}
	path, err := d.Project("volume", "ca.crt", []byte(long[0]))
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range 50 {
			if _, err := d.Project("volume", "ca.crt", []byte(long[i%2])); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for reading := true; reading; {
		select {
		case <-ended:
			reading = false
		default:
		}
		content, err := os.ReadFile(path)
		if err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
			continue
		}
		require.Contains(t, long, string(content))
	}
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
