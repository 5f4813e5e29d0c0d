//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package tokenstore_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestModesOfADir(t *testing.T) {
	t.Parallel()
	ctx, later := t.Context(), time.Now().Add(time.Hour)

	t.Run("are the user's alone, below a path that is everybody's", func(t *testing.T) {
		path := t.TempDir()
		require.NoError(t, os.Chmod(path, 0o777)) // as an emptyDir is
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		require.True(t, locks(t, store))
		requireMode(t, path, 0o777) // it is not this package's to change
		requireMode(t, home(t, path), 0o700)
		for _, name := range names(t, home(t, path)) {
			requireMode(t, filepath.Join(home(t, path), name), 0o600)
		}
	})
	t.Run("of a path that is missing are the user's alone", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "tokens")
		require.NoError(t, newStore(t, tokenstore.Dir(path)).Save(ctx, vault, []byte("payload"), later))
		requireMode(t, path, 0o700)
	})
	for name, test := range map[string]struct {
		mode    os.FileMode
		keys    [][]byte
		refused string // "" if the directory is used, with mode 0700
	}{
		"of a directory that everybody can write are refused":                    {0o777, [][]byte{keyOf(1)}, "everybody can write in it"},
		"of one that everybody can write are refused with the key in it":         {0o777, nil, "everybody can write in it"},
		"of one that the group can write are refused with the key in it":         {0o770, nil, "use a key from elsewhere"},
		"of one that the group can write, as fsGroup makes it, lose that":        {0o770, [][]byte{keyOf(1)}, ""},
		"of one that others can read lose that":                                  {0o755, [][]byte{keyOf(1)}, ""},
		"of one that others can read lose that also with the key in a 0600 file": {0o755, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			store := newStore(t, tokenstore.Dir(path), test.keys...)
			require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
			require.NoError(t, os.Chmod(home(t, path), test.mode))
			if test.refused == "" {
				requirePayloads(t, store, vault, "payload")
				requireMode(t, home(t, path), 0o700)
				return
			}
			_, err := store.Load(ctx, vault)
			require.ErrorContains(t, err, test.refused)
			require.ErrorContains(t, store.Save(ctx, vault, []byte("payload"), later), test.refused)
			_, _, err = store.Lock(ctx, vault, time.Minute)
			require.ErrorContains(t, err, test.refused)
			_, err = store.Inspect(ctx)
			require.ErrorContains(t, err, test.refused)
		})
	}
	t.Run("of the key's file are refused if others may know it", func(t *testing.T) {
		path := t.TempDir()
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		require.NoError(t, os.Chmod(ownKeyFile(t, path), 0o644))
		_, err := store.Load(ctx, vault)
		require.ErrorContains(t, err, "others may know the key; remove it")
		require.ErrorContains(t, store.Save(ctx, vault, []byte("payload"), later), "others may know the key")
		require.NoError(t, os.Remove(ownKeyFile(t, path)))
		require.NoError(t, store.Save(ctx, vault, []byte("payload 2"), later))
		requirePayloads(t, store, vault, "payload 2")
	})
}

func TestADirOfOthers(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a directory that belongs to somebody else")
	}
	ctx, later := t.Context(), time.Now().Add(time.Hour)
	const nobody = 65534

	t.Run("is refused", func(t *testing.T) {
		path := t.TempDir()
		require.NoError(t, os.Mkdir(home(t, path), 0o700))
		require.NoError(t, os.Chown(home(t, path), nobody, nobody))
		store := newStore(t, tokenstore.Dir(path), keyOf(1))
		_, err := store.Load(ctx, vault)
		require.ErrorContains(t, err, "it belongs to user 65534 and not to user 0")
		require.ErrorContains(t, store.Save(ctx, vault, []byte("payload"), later), "it belongs to user 65534")
		require.Empty(t, names(t, home(t, path)))
	})
	t.Run("and one's own are beside each other below the same path", func(t *testing.T) {
		// Not t.TempDir: the user must be able to reach it.
		path, err := os.MkdirTemp("", "tokenstore")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(path)) })
		require.NoError(t, os.Chmod(path, 0o777))
		binary := filepath.Join(path, "test")
		self, err := os.Executable()
		require.NoError(t, err)
		content, err := os.ReadFile(self)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(binary, content, 0o755))

		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("root's"), later))
		as := func(job string, args ...string) []byte {
			cmd := child(t, job, path, args...)
			cmd.Path, cmd.Dir = binary, "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			output, err := cmd.Output() // and not its standard error, where -cover warns
			require.NoError(t, err, string(output))
			return output
		}
		var got loaded
		require.NoError(t, json.Unmarshal(as("load"), &got))
		require.Equal(t, loaded{NotFound: true, Error: tokenstore.ErrNotFound.Error()}, got)
		as("save", "")
		require.NoError(t, json.Unmarshal(as("load"), &got))
		require.Equal(t, 1, got.Payloads)
		requirePayloads(t, store, vault, "root's")
	})
}

func TestWhatIsNoFileInADir(t *testing.T) {
	t.Parallel()
	ctx, later := t.Context(), time.Now().Add(time.Hour)
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	require.NoError(t, os.WriteFile(elsewhere, []byte("elsewhere"), 0o600))
	kinds := map[string]func(file string) error{
		"a FIFO":                     func(file string) error { return syscall.Mkfifo(file, 0o600) },
		"a link to a file elsewhere": func(file string) error { return os.Symlink(elsewhere, file) },
		"a link to nothing":          func(file string) error { return os.Symlink("/nonexistent/file", file) },
		"a link to itself":           func(file string) error { return os.Symlink(filepath.Base(file), file) },
	}
	for name, put := range kinds {
		t.Run("in place of an entry: "+name, func(t *testing.T) {
			path := t.TempDir()
			store := newStore(t, tokenstore.Dir(path), keyOf(1))
			require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
			file := entryFiles(t, path)[0]
			require.NoError(t, os.Remove(file))
			require.NoError(t, put(file))
			_, err := store.Load(ctx, vault)
			require.ErrorIs(t, err, tokenstore.ErrUnreadable)
			require.NoError(t, store.Save(ctx, vault, []byte("payload 2"), later))
			requirePayloads(t, store, vault, "payload 2")
			requireElsewhere(t, elsewhere)
		})
		t.Run("in place of the key: "+name, func(t *testing.T) {
			path := t.TempDir()
			store := newStore(t, tokenstore.Dir(path))
			require.NoError(t, os.Mkdir(home(t, path), 0o700))
			require.NoError(t, put(ownKeyFile(t, path)))
			_, err := store.Load(ctx, vault)
			require.ErrorIs(t, err, tokenstore.ErrNotFound)
			require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
			requirePayloads(t, store, vault, "payload")
			requireElsewhere(t, elsewhere)
		})
		t.Run("in place of the lock: "+name, func(t *testing.T) {
			path := t.TempDir()
			store := newStore(t, tokenstore.Dir(path), keyOf(1))
			require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
			file := entryFiles(t, path)[0]
			require.NoError(t, put(file[:len(file)-len("entry")]+"lock"))
			unlock, ok, err := store.Lock(ctx, vault, time.Minute)
			if ok { // a FIFO can be locked as well as a file
				require.NoError(t, err)
				unlock()
			}
			requireElsewhere(t, elsewhere)
		})
	}
	t.Run("in place of the directory: a link to another one of the user's", func(t *testing.T) {
		path := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(path, "other"), 0o700))
		require.NoError(t, os.Symlink("other", home(t, path)))
		store := newStore(t, tokenstore.Dir(path), keyOf(1))
		require.Error(t, store.Save(ctx, vault, []byte("payload"), later))
		require.Empty(t, names(t, filepath.Join(path, "other")))
	})
	t.Run("in place of the directory: a file", func(t *testing.T) {
		path := t.TempDir()
		require.NoError(t, os.WriteFile(home(t, path), nil, 0o600))
		require.ErrorContains(t, newStore(t, tokenstore.Dir(path)).Save(ctx, vault, []byte("payload"), later), "not a directory")
	})
}

func requireElsewhere(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "elsewhere", string(content))
}

func requireMode(t *testing.T, file string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, want, info.Mode().Perm(), file)
}
