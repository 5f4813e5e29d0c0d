package tokenstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestNew(t *testing.T) {
	t.Parallel()
	short := []byte("a key that is too short")
	for name, test := range map[string]struct {
		backend tokenstore.Backend
		keys    [][]byte
		want    string // "" for no error
	}{
		"a shared backend with a key":    {&memory{}, [][]byte{keyOf(1)}, ""},
		"a shared backend with two keys": {&memory{}, [][]byte{keyOf(1), keyOf(2)}, ""},
		"a shared backend without a key": {&memory{}, nil, "a shared backend needs a key"},
		"a directory without a key":      {tokenstore.Dir(t.TempDir()), nil, ""},
		"a directory with a key":         {tokenstore.Dir(t.TempDir()), [][]byte{keyOf(1)}, ""},
		// A program starts nevertheless.
		"a directory that cannot be made":  {tokenstore.Dir("/dev/null/tokens"), nil, ""},
		"a directory without a path":       {tokenstore.Dir(""), nil, "empty path"},
		"no backend":                       {nil, [][]byte{keyOf(1)}, "Backend is nil"},
		"a short key":                      {&memory{}, [][]byte{keyOf(1), short}, "key 2 of 2: it has 23 bytes; a key has 32"},
		"an empty key, as of no variable":  {&memory{}, [][]byte{nil}, "key 1 of 1: it has 0 bytes"},
		"a key in hex":                     {&memory{}, [][]byte{bytes.Repeat([]byte("a"), 64)}, "it has 64 bytes"},
		"a directory with an empty key":    {tokenstore.Dir(t.TempDir()), [][]byte{{}}, "it has 0 bytes"},
		"a wrapped directory without keys": {struct{ tokenstore.Backend }{tokenstore.Dir(t.TempDir())}, nil, "a shared backend needs a key"},
	} {
		t.Run(name, func(t *testing.T) {
			store, err := tokenstore.New(test.backend, test.keys...)
			if test.want == "" {
				require.NoError(t, err)
				require.NotNil(t, store)
				return
			}
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), string(short))
		})
	}
}

func TestStoreOnASharedBackend(t *testing.T) {
	t.Parallel()
	ctx, later := t.Context(), time.Now().Add(time.Hour)

	t.Run("returns what was saved", func(t *testing.T) {
		store := newStore(t, &memory{}, keyOf(1))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		requirePayloads(t, store, vault, "payload")
		require.NoError(t, store.Save(ctx, vault, []byte("payload 2"), later))
		requirePayloads(t, store, vault, "payload 2")
	})
	t.Run("has nothing for another entry", func(t *testing.T) {
		store := newStore(t, &memory{}, keyOf(1))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), later))
		other := vault
		other.CAE = true
		payloads, err := store.Load(ctx, other)
		require.Empty(t, payloads)
		require.ErrorIs(t, err, tokenstore.ErrNotFound)
	})
	t.Run("does not save what has ended", func(t *testing.T) {
		backend := &memory{}
		store := newStore(t, backend, keyOf(1))
		require.NoError(t, store.Save(ctx, vault, []byte("payload"), time.Now()))
		require.Empty(t, backend.keys())
	})
	t.Run("refuses a payload that is too large", func(t *testing.T) {
		backend := &memory{}
		store := newStore(t, backend, keyOf(1))
		require.ErrorContains(t, store.Save(ctx, vault, make([]byte, tokenstore.MaxBlob), later), "too large")
		require.Empty(t, backend.keys())
	})
	t.Run("is shared, and has no locks unless the backend has", func(t *testing.T) {
		store := newStore(t, &memory{}, keyOf(1))
		require.True(t, store.Shared())
		require.False(t, store.Locks())
		_, ok, err := store.Lock(ctx, vault, time.Second)
		require.False(t, ok)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.True(t, newStore(t, faulty{}, keyOf(1)).Locks())
	})
	t.Run("cannot be inspected", func(t *testing.T) {
		_, err := newStore(t, &memory{}, keyOf(1)).Inspect(ctx)
		require.ErrorIs(t, err, errors.ErrUnsupported)
	})
	t.Run("shows the backend neither payload nor entry, and no printing shows a key", func(t *testing.T) {
		backend := &memory{}
		key := []byte("01234567890123456789012345678901")
		store := newStore(t, backend, key)
		payload := []byte("payload that must not be readable")
		require.NoError(t, store.Save(ctx, vault, payload, later))
		shown := fmt.Sprintf("%v %+v %#v %+v %#v", store, store, store, *store, *store)
		for _, secret := range [][]byte{payload, []byte(vault.Identity), []byte(vault.Resource), key} {
			require.NotContains(t, shown, string(secret))
			require.NotContains(t, shown, fmt.Sprintf("%x", secret))
			for name, blob := range backend.blobs {
				require.NotContains(t, name+string(blob), string(secret))
			}
		}
	})
}

func TestZeroStore(t *testing.T) {
	t.Parallel()
	ctx, store := t.Context(), new(tokenstore.Store)
	const advice = "make one with New"
	_, err := store.Load(ctx, vault)
	require.ErrorContains(t, err, advice)
	require.ErrorContains(t, store.Save(ctx, vault, []byte("payload"), time.Now().Add(time.Hour)), advice)
	_, ok, err := store.Lock(ctx, vault, time.Second)
	require.False(t, ok)
	require.ErrorContains(t, err, advice)
	_, err = store.Inspect(ctx)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.True(t, store.Shared())
	require.False(t, store.Locks())
}

func TestRotationOfKeys(t *testing.T) {
	t.Parallel()
	former, latter := keyOf(1), keyOf(2)
	for name, test := range map[string]struct {
		saved, loads [][]byte
		found        bool
	}{
		"before":                                {[][]byte{former}, [][]byte{former}, true},
		"the new key is known everywhere first": {[][]byte{former}, [][]byte{former, latter}, true},
		"it seals where others only know it":    {[][]byte{latter, former}, [][]byte{former, latter}, true},
		"it seals, and old entries open":        {[][]byte{former, latter}, [][]byte{latter, former}, true},
		"the old key is gone":                   {[][]byte{latter, former}, [][]byte{latter}, true},
		"in one step, old entries are a miss":   {[][]byte{former}, [][]byte{latter}, false},
		"in one step, and the other way round":  {[][]byte{latter}, [][]byte{former}, false},
		"a key that leaked opens nothing":       {[][]byte{former, latter}, [][]byte{latter}, false},
	} {
		t.Run(name, func(t *testing.T) {
			backend := &memory{}
			require.NoError(t, newStore(t, backend, test.saved...).Save(t.Context(), vault, []byte("payload"), time.Now().Add(time.Hour)))
			payloads, err := newStore(t, backend, test.loads...).Load(t.Context(), vault)
			if !test.found {
				require.ErrorIs(t, err, tokenstore.ErrNotFound)
				return
			}
			require.NoError(t, err)
			require.Equal(t, [][]byte{[]byte("payload")}, payloads)
		})
	}
	t.Run("entries of both keys are returned, the first key's first", func(t *testing.T) {
		backend := &memory{}
		later := time.Now().Add(time.Hour)
		require.NoError(t, newStore(t, backend, former, latter).Save(t.Context(), vault, []byte("old"), later))
		require.NoError(t, newStore(t, backend, latter, former).Save(t.Context(), vault, []byte("new"), later))
		requirePayloads(t, newStore(t, backend, latter, former), vault, "new", "old")
	})
	t.Run("an entry that is damaged does not hide the other", func(t *testing.T) {
		backend := &memory{}
		later := time.Now().Add(time.Hour)
		require.NoError(t, newStore(t, backend, latter).Save(t.Context(), vault, []byte("new"), later))
		for _, key := range backend.keys() {
			backend.blobs[key][30] ^= 1
		}
		require.NoError(t, newStore(t, backend, former).Save(t.Context(), vault, []byte("old"), later))
		payloads, err := newStore(t, backend, latter, former).Load(t.Context(), vault)
		require.ErrorIs(t, err, tokenstore.ErrUnreadable)
		require.Equal(t, [][]byte{[]byte("old")}, payloads)
	})
	t.Run("a key that is listed twice counts once", func(t *testing.T) {
		backend := &memory{}
		store := newStore(t, backend, former, former)
		require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), time.Now().Add(time.Hour)))
		requirePayloads(t, store, vault, "payload")
	})
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(time.Hour)
	for name, damage := range map[string]func(m *memory, key, otherKey string){
		"empty":                     func(m *memory, key, _ string) { m.blobs[key] = nil },
		"too large":                 func(m *memory, key, _ string) { m.blobs[key] = make([]byte, tokenstore.MaxBlob+1) },
		"copied under another name": func(m *memory, key, other string) { m.blobs[key] = m.blobs[other] },
		"of an unknown format":      func(m *memory, key, _ string) { m.blobs[key][0]++ },
		"of an unknown key":         func(m *memory, key, _ string) { m.blobs[key][1]++ },
		"with something after it":   func(m *memory, key, _ string) { m.blobs[key] = append(m.blobs[key], 0) },
	} {
		t.Run(name+", and the next save replaces it", func(t *testing.T) {
			backend := &memory{}
			store := newStore(t, backend, keyOf(1))
			require.NoError(t, store.Save(t.Context(), vault, []byte("payload"), later))
			key := backend.keys()[0]
			other := vault
			other.Resource = "https://storage.azure.com"
			require.NoError(t, store.Save(t.Context(), other, []byte("payload"), later))
			otherKey := slices.DeleteFunc(backend.keys(), func(k string) bool { return k == key })[0]
			damage(backend, key, otherKey)

			payloads, err := store.Load(t.Context(), vault)
			require.Empty(t, payloads)
			require.ErrorIs(t, err, tokenstore.ErrUnreadable)
			require.NotErrorIs(t, err, tokenstore.ErrNotFound)

			require.NoError(t, store.Save(t.Context(), vault, []byte("payload 2"), later))
			requirePayloads(t, store, vault, "payload 2")
		})
	}
}

func TestABackendThatMisbehaves(t *testing.T) {
	t.Parallel()
	later := time.Now().Add(1000 * 24 * time.Hour)
	broken := errors.New("broken")
	for name, misbehave := range map[string]func(){
		"panics":              func() { panic(broken) },
		"ends its goroutine":  runtime.Goexit,
		"returns and no more": nil,
	} {
		t.Run(name, func(t *testing.T) {
			act := func() error {
				if misbehave == nil {
					return broken
				}
				misbehave()
				return nil
			}
			store := newStore(t, faulty{
				load: func(context.Context) ([]byte, error) { return nil, act() },
				save: func(context.Context) error { return act() },
				lock: func(context.Context) (func(), bool, error) { return nil, false, act() },
			}, keyOf(1))
			_, err := store.Load(t.Context(), vault)
			require.Error(t, err)
			require.NotErrorIs(t, err, tokenstore.ErrNotFound)
			require.NotErrorIs(t, err, tokenstore.ErrUnreadable)
			require.Error(t, store.Save(t.Context(), vault, []byte("payload"), later))
			_, ok, err := store.Lock(t.Context(), vault, time.Second)
			require.Error(t, err)
			require.False(t, ok)
		})
	}
	t.Run("panics in unlock, or has none", func(t *testing.T) {
		for _, unlock := range []func(){nil, func() { panic(broken) }} {
			store := newStore(t, faulty{lock: func(context.Context) (func(), bool, error) { return unlock, true, nil }}, keyOf(1))
			unlock, ok, err := store.Lock(t.Context(), vault, time.Second)
			require.NoError(t, err)
			require.True(t, ok)
			unlock()
		}
	})
	t.Run("blocks: callers leave at their deadline, and eight calls are under way at most", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			stuck := make(chan struct{})
			store := newStore(t, faulty{load: func(context.Context) ([]byte, error) {
				calls.Add(1)
				<-stuck
				return nil, tokenstore.ErrNotFound
			}}, keyOf(1))
			start := time.Now()
			for range 100 {
				ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
				_, err := store.Load(ctx, vault)
				cancel()
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
			require.Equal(t, 100*250*time.Millisecond, time.Since(start))
			require.EqualValues(t, 8, calls.Load())

			close(stuck) // and when it works again, so does the store
			synctest.Wait()
			_, err := store.Load(t.Context(), vault)
			require.ErrorIs(t, err, tokenstore.ErrNotFound)
		})
	})
	t.Run("takes a lock too late: it is given back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var unlocked atomic.Bool
			store := newStore(t, faulty{lock: func(context.Context) (func(), bool, error) {
				time.Sleep(time.Second)
				return func() { unlocked.Store(true) }, true, nil
			}}, keyOf(1))
			ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
			defer cancel()
			_, ok, err := store.Lock(ctx, vault, time.Minute)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.False(t, ok)
			require.False(t, unlocked.Load())
			time.Sleep(time.Second)
			synctest.Wait()
			require.True(t, unlocked.Load())
		})
	})
	t.Run("blocks in unlock: it is left after two seconds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			stuck := make(chan struct{})
			store := newStore(t, faulty{lock: func(context.Context) (func(), bool, error) {
				return func() { <-stuck }, true, nil
			}}, keyOf(1))
			unlock, ok, err := store.Lock(t.Context(), vault, time.Minute)
			require.NoError(t, err)
			require.True(t, ok)
			start := time.Now()
			unlock()
			unlock() // a second time does nothing
			require.Equal(t, 2*time.Second, time.Since(start))
			close(stuck)
		})
	})
	t.Run("is not called for a caller that has left", func(t *testing.T) {
		store := newStore(t, faulty{}, keyOf(1))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := store.Load(ctx, vault)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func newStore(t *testing.T, b tokenstore.Backend, keys ...[]byte) *tokenstore.Store {
	t.Helper()
	store, err := tokenstore.New(b, keys...)
	require.NoError(t, err)
	return store
}

func requirePayloads(t *testing.T, store *tokenstore.Store, e tokenstore.Entry, want ...string) {
	t.Helper()
	payloads, err := store.Load(t.Context(), e)
	require.NoError(t, err)
	var got []string
	for _, payload := range payloads {
		got = append(got, string(payload))
	}
	require.Equal(t, want, got)
}
