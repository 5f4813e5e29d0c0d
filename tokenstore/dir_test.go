package tokenstore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestDir(t *testing.T) {
	t.Parallel()
	ctx, later := t.Context(), time.Now().Add(time.Hour)

	t.Run("is not shared, and locks", func(t *testing.T) {
		store := newStore(t, tokenstore.Dir(t.TempDir()))
		require.False(t, store.Shared())
		require.True(t, store.Locks())
	})
	t.Run("makes nothing before the first save", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "not", "yet")
		_, err := newStore(t, tokenstore.Dir(path)).Load(ctx, vault)
		require.ErrorIs(t, err, tokenstore.ErrNotFound)
		_, err = os.Stat(filepath.Dir(path))
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("keeps entries for another Store, with a key of its own and with one of the user's", func(t *testing.T) {
		for _, keys := range [][][]byte{nil, {keyOf(1)}} {
			path := filepath.Join(t.TempDir(), "a", "b")
			require.NoError(t, newStore(t, tokenstore.Dir(path), keys...).Save(ctx, vault, []byte("payload"), later))
			requirePayloads(t, newStore(t, tokenstore.Dir(path), keys...), vault, "payload")
		}
	})
	t.Run("may be given to two Stores with different keys", func(t *testing.T) {
		backend := tokenstore.Dir(t.TempDir())
		one, two := newStore(t, backend), newStore(t, backend, keyOf(1))
		require.NoError(t, one.Save(ctx, vault, []byte("1"), later))
		require.NoError(t, two.Save(ctx, vault, []byte("2"), later))
		requirePayloads(t, one, vault, "1")
		requirePayloads(t, two, vault, "2")
	})
	t.Run("means the same after a change of directory", func(t *testing.T) {
		relative, err := filepath.Rel(workingDirectory(t), t.TempDir())
		if err != nil {
			t.Skip("the temporary directory is on another volume:", err)
		}
		store := newStore(t, tokenstore.Dir(relative))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		found, err := store.Inspect(ctx)
		require.NoError(t, err)
		require.True(t, filepath.IsAbs(found.Path))
	})
	t.Run("is made anew after it was removed under a running process", func(t *testing.T) {
		for _, keys := range [][][]byte{nil, {keyOf(1)}} {
			path := filepath.Join(t.TempDir(), "tokens")
			store := newStore(t, tokenstore.Dir(path), keys...)
			require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
			require.NoError(t, os.RemoveAll(path))
			_, err := store.Load(ctx, vault)
			require.ErrorIs(t, err, tokenstore.ErrNotFound)
			require.NoError(t, store.Save(ctx, vault, []byte("payload 2"), later))
			// As in a process that starts now.
			requirePayloads(t, newStore(t, tokenstore.Dir(path), keys...), vault, "payload 2")
		}
	})
	t.Run("opens on its machine only", func(t *testing.T) {
		path := t.TempDir()
		require.NoError(t, newStore(t, tokenstore.DirOn(path, "one"), keyOf(1)).Save(ctx, vault, []byte("payload"), later))
		for _, other := range []string{"two", ""} {
			store := newStore(t, tokenstore.DirOn(path, other), keyOf(1))
			_, err := store.Load(ctx, vault)
			require.ErrorIs(t, err, tokenstore.ErrUnreadable)
		}
		requirePayloads(t, newStore(t, tokenstore.DirOn(path, "one"), keyOf(1)), vault, "payload")
		require.NoError(t, newStore(t, tokenstore.DirOn(path, "two"), keyOf(1)).Save(ctx, vault, []byte("payload 2"), later))
		requirePayloads(t, newStore(t, tokenstore.DirOn(path, "two"), keyOf(1)), vault, "payload 2")
	})
	t.Run("opens an older copy that was put back: the payload says when the token came", func(t *testing.T) {
		path := t.TempDir()
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("old"), later))
		file := entryFiles(t, path)[0]
		old, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, store.Save(ctx, vault, []byte("new"), later))
		require.NoError(t, os.WriteFile(file, old, 0o600))
		requirePayloads(t, store, vault, "old")
	})
	t.Run("takes damage anywhere in a file for unreadable, and the next save replaces it", func(t *testing.T) {
		path := t.TempDir()
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		file := entryFiles(t, path)[0]
		whole, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.Chmod(file, 0o600))
		for i := range whole {
			damaged := bytes.Clone(whole)
			damaged[i] ^= 0x10
			require.NoError(t, os.WriteFile(file, damaged, 0o600))
			_, err := store.Load(ctx, vault)
			require.ErrorIs(t, err, tokenstore.ErrUnreadable, "byte %d", i)
			require.NoError(t, os.WriteFile(file, whole[:i], 0o600))
			_, err = store.Load(ctx, vault)
			require.ErrorIs(t, err, tokenstore.ErrUnreadable, "%d bytes", i)
		}
		require.NoError(t, store.Save(ctx, vault, []byte("payload 2"), later))
		requirePayloads(t, store, vault, "payload 2")
	})
	t.Run("reads no file that is too large", func(t *testing.T) {
		path := t.TempDir()
		store := newStore(t, tokenstore.Dir(path))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		require.NoError(t, os.Truncate(entryFiles(t, path)[0], 1<<40)) // it takes no space
		_, err := store.Load(ctx, vault)
		require.ErrorIs(t, err, tokenstore.ErrUnreadable)
		require.NoError(t, store.Save(ctx, vault, []byte("payload 2"), later))
		requirePayloads(t, store, vault, "payload 2")
	})
	t.Run("refuses keys that are no names of files", func(t *testing.T) {
		for _, key := range []string{"", "..", "../a", "a/b", `a\b`, "A", "a.entry", "a:b", strings.Repeat("a", 129)} {
			backend := tokenstore.Dir(t.TempDir())
			require.ErrorContains(t, backend.Save(ctx, key, nil, later), "keys of lower-case letters", key)
			_, err := backend.Load(ctx, key)
			require.ErrorContains(t, err, "keys of lower-case letters", key)
		}
	})
	t.Run("removes what ended a day ago and what was left of a save, and nothing else", func(t *testing.T) {
		path := t.TempDir()
		backend := tokenstore.Dir(path)
		store := newStore(t, backend)
		require.NoError(t, backend.Save(ctx, "a1", []byte("ended"), time.Now().Add(-25*time.Hour)))
		require.NoError(t, backend.Save(ctx, "a2", []byte("ended just now"), time.Now()))
		own := home(t, path)
		long := time.Now().Add(-72 * time.Hour)
		for _, name := range []string{"tmp-LEFT", "a3.lock", "a4.entry", "notes.txt"} {
			require.NoError(t, os.WriteFile(filepath.Join(own, name), []byte("x"), 0o600))
			require.NoError(t, os.Chtimes(filepath.Join(own, name), long, long))
		}
		require.NoError(t, os.WriteFile(filepath.Join(own, "tmp-NOW"), []byte("x"), 0o600))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		names := names(t, own)
		require.Subset(t, names, []string{"a2.entry", "notes.txt", "own.key", "tmp-NOW"})
		for _, gone := range []string{"a1.entry", "tmp-LEFT", "a3.lock", "a4.entry"} {
			require.NotContains(t, names, gone)
		}
		requirePayloads(t, store, vault, "payload")
	})
	t.Run("leaves no temporary file of a save that failed", func(t *testing.T) {
		path := t.TempDir()
		store := newStore(t, tokenstore.Dir(path), keyOf(1))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		file := entryFiles(t, path)[0]
		require.NoError(t, os.Remove(file))
		require.NoError(t, os.MkdirAll(filepath.Join(file, "in the way"), 0o700))
		require.Error(t, store.Save(ctx, vault, []byte("payload"), later))
		for _, name := range names(t, home(t, path)) {
			require.False(t, strings.HasPrefix(name, "tmp-"), name)
		}
	})
	t.Run("has nothing readable in it", func(t *testing.T) {
		path := t.TempDir()
		key := []byte("01234567890123456789012345678901")
		store := newStore(t, tokenstore.Dir(path), key)
		payload := "eyJ0eXAiOiJKV1QifQ.payload-that-must-not-be-readable"
		require.NoError(t, store.Save(ctx, vault, []byte(payload), later))
		_, _, err := store.Lock(ctx, vault, time.Nanosecond)
		require.NoError(t, err)
		require.NoError(t, filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(file)
			for _, secret := range []string{payload, payload[:10], vault.Identity, vault.Identity[10:], vault.Resource, "vault", string(key)} {
				require.NotContains(t, file+string(content), secret)
			}
			return err
		}))
	})
}

func TestLocksOfADir(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	t.Run("are had by one of many at a time", func(t *testing.T) {
		store := newStore(t, tokenstore.Dir(t.TempDir()))
		var holders, most, times atomic.Int32
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				for range 20 {
					unlock, ok, err := store.Lock(ctx, vault, time.Minute)
					if err != nil {
						t.Error(err)
					}
					if !ok {
						continue
					}
					times.Add(1)
					if now := holders.Add(1); now > most.Load() {
						most.Store(now)
					}
					holders.Add(-1)
					unlock()
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 1, most.Load())
		require.Positive(t, times.Load())
	})
	t.Run("are of one entry each", func(t *testing.T) {
		store := newStore(t, tokenstore.Dir(t.TempDir()))
		unlock, ok, err := store.Lock(ctx, vault, time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		defer unlock()
		other := vault
		other.CAE = true
		unlockOther, ok, err := store.Lock(ctx, other, time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		unlockOther()
	})
	t.Run("end by themselves, and unlocking late takes nobody else's", func(t *testing.T) {
		path := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			store := newStore(t, tokenstore.Dir(path))
			unlock, ok, err := store.Lock(t.Context(), vault, time.Minute)
			require.NoError(t, err)
			require.True(t, ok)
			time.Sleep(59 * time.Second)
			require.False(t, locks(t, store))
			time.Sleep(time.Second)
			synctest.Wait()
			unlockSecond, ok, err := store.Lock(t.Context(), vault, time.Minute)
			require.NoError(t, err)
			require.True(t, ok)
			unlock()
			require.False(t, locks(t, store))
			unlockSecond()
			require.True(t, locks(t, store))
		})
	})
	t.Run("can be had again after the lock file was removed, by one", func(t *testing.T) {
		path := t.TempDir()
		store := newStore(t, tokenstore.Dir(path))
		require.True(t, locks(t, store))
		require.NoError(t, os.RemoveAll(path))
		unlock, ok, err := store.Lock(ctx, vault, time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		require.False(t, locks(t, store))
		unlock()
	})
	t.Run("do not stand in the way of loads and saves", func(t *testing.T) {
		store := newStore(t, tokenstore.Dir(t.TempDir()))
		unlock, ok, err := store.Lock(ctx, vault, time.Minute)
		require.NoError(t, err)
		require.True(t, ok)
		defer unlock()
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), time.Now().Add(time.Hour)))
		requirePayloads(t, store, vault, "payload")
	})
	t.Run("are for a time", func(t *testing.T) {
		_, ok, err := newStore(t, tokenstore.Dir(t.TempDir())).Lock(ctx, vault, 0)
		require.Error(t, err)
		require.False(t, ok)
	})
}

// locks reports whether the lock is free, and releases it.
func locks(t *testing.T, store *tokenstore.Store) bool {
	t.Helper()
	unlock, ok, err := store.Lock(t.Context(), vault, time.Minute)
	require.NoError(t, err)
	if ok {
		unlock()
	}
	return ok
}

func TestSavesAndLoadsAtTheSameTime(t *testing.T) {
	t.Parallel()
	store := newStore(t, tokenstore.Dir(t.TempDir()))
	later := time.Now().Add(time.Hour)
	long, short := bytes.Repeat([]byte("long"), 4000), []byte("short")
	require.NoError(t, store.Save(t.Context(), vault, long, later))
	done := make(chan struct{})
	var group sync.WaitGroup
	for _, payload := range [][]byte{long, short} {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if err := store.Save(t.Context(), vault, payload, later); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		payloads, err := store.Load(t.Context(), vault)
		require.NoError(t, err)
		require.Len(t, payloads, 1)
		require.True(t, bytes.Equal(long, payloads[0]) || bytes.Equal(short, payloads[0]))
	}
	close(done)
	group.Wait()
}

func TestInspect(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	t.Run("finds nothing where nothing was saved, and makes nothing", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "tokens")
		found, err := newStore(t, tokenstore.DirOn(path, "one")).Inspect(ctx)
		require.ErrorIs(t, err, tokenstore.ErrNotFound)
		require.Equal(t, tokenstore.Inspection{Path: path, Bound: true, Binding: "a test", OwnKey: true}, found)
		_, err = os.Stat(path)
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("tells of each entry from when it is, until when, and why it does not open", func(t *testing.T) {
		path := t.TempDir()
		save := func(machine string, key []byte, resource string, expires time.Time) {
			entry := vault
			entry.Resource = resource
			require.NoError(t, newStore(t, tokenstore.DirOn(path, machine), key).Save(ctx, entry, []byte("payload"), expires))
		}
		end := time.Now().Add(time.Hour).Truncate(time.Second)
		save("one", keyOf(1), "a", end)
		save("two", keyOf(1), "b", end)
		save("one", keyOf(2), "c", end)
		for i, file := range entryFiles(t, path) {
			saved := time.Now().Add(time.Duration(i-10) * time.Minute)
			require.NoError(t, os.Chtimes(file, saved, saved))
		}
		found, err := newStore(t, tokenstore.DirOn(path, "one"), keyOf(1)).Inspect(ctx)
		require.NoError(t, err)
		require.Equal(t, home(t, path), found.Path)
		require.True(t, found.Bound)
		require.False(t, found.OwnKey)
		require.Len(t, found.Entries, 3)
		var reasons []string
		for i, entry := range found.Entries {
			require.True(t, end.Equal(entry.Expires))
			require.Regexp(t, "^[0-9a-f]{64}$", entry.Name)
			if i > 0 {
				require.True(t, entry.Saved.Before(found.Entries[i-1].Saved))
			}
			if entry.Err != nil {
				require.ErrorIs(t, entry.Err, tokenstore.ErrUnreadable)
				reasons = append(reasons, entry.Err.Error())
			}
		}
		require.Len(t, reasons, 2)
		require.Contains(t, strings.Join(reasons, "\n"), "copied from another name or machine")
		require.Contains(t, strings.Join(reasons, "\n"), "sealed with a key that is not in the list")
	})
	t.Run("lists what is sealed with a key elsewhere, if none is given", func(t *testing.T) {
		path := t.TempDir()
		end := time.Now().Add(time.Hour).Truncate(time.Second)
		require.NoError(t, newStore(t, tokenstore.DirOn(path, "one"), keyOf(1)).Save(ctx, vault, []byte("payload"), end))
		found, err := newStore(t, tokenstore.DirOn(path, "one")).Inspect(ctx)
		require.NoError(t, err)
		require.False(t, found.OwnKey)
		require.Len(t, found.Entries, 1)
		require.True(t, end.Equal(found.Entries[0].Expires))
		require.ErrorIs(t, found.Entries[0].Err, tokenstore.ErrUnreadable)
		require.ErrorContains(t, found.Entries[0].Err, "sealed with a key that is not in the list")
		require.NoFileExists(t, ownKeyFile(t, path))
	})
	t.Run("says why there is no directory", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		found, err := newStore(t, tokenstore.Dir(file)).Inspect(ctx)
		require.Error(t, err)
		require.False(t, errors.Is(err, tokenstore.ErrNotFound))
		require.Equal(t, file, found.Path)
	})
}

// home returns the user's directory below path.
func home(t *testing.T, path string) string {
	t.Helper()
	name, err := tokenstore.HomeName()
	require.NoError(t, err)
	return filepath.Join(path, name)
}

func ownKeyFile(t *testing.T, path string) string { return filepath.Join(home(t, path), "own.key") }

// names returns the names of the files in path.
func names(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// entryFiles returns the files of the entries below path.
func entryFiles(t *testing.T, path string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(home(t, path), "*.entry"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func workingDirectory(t *testing.T) string {
	t.Helper()
	path, err := os.Getwd()
	require.NoError(t, err)
	return path
}
