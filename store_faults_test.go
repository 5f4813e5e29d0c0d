package aztoken_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/lockedbuffer"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// storeFaults are the ways in which a backend does not work.
var storeFaults = map[string]func(*testing.T) func(context.Context, operation) error{
	"it blocks and ignores its context": func(t *testing.T) func(context.Context, operation) error { return stuck(t) },
	"it blocks until its context ends":  func(*testing.T) func(context.Context, operation) error { return slowBy(100 * time.Hour) },
	"it is slow by 100 ms":              func(*testing.T) func(context.Context, operation) error { return slowBy(100 * time.Millisecond) },
	"it is slow by 300 ms":              func(*testing.T) func(context.Context, operation) error { return slowBy(300 * time.Millisecond) },
	"it is slow by 4 s":                 func(*testing.T) func(context.Context, operation) error { return slowBy(4 * time.Second) },
	"it is slow by 10 s":                func(*testing.T) func(context.Context, operation) error { return slowBy(10 * time.Second) },
	"it fails":                          func(*testing.T) func(context.Context, operation) error { return failing() },
	"it fails every other time":         func(*testing.T) func(context.Context, operation) error { return flapping() },
	"it is full":                        func(*testing.T) func(context.Context, operation) error { return failing(saving, locking) },
	"it is full, and locks":             func(*testing.T) func(context.Context, operation) error { return failing(saving) },
	"its loads fail":                    func(*testing.T) func(context.Context, operation) error { return failing(loading) },
	"its locks fail":                    func(*testing.T) func(context.Context, operation) error { return failing(locking) },
	"its locks are slow":                func(*testing.T) func(context.Context, operation) error { return slowBy(10*time.Second, locking) },
	"its locks block":                   func(t *testing.T) func(context.Context, operation) error { return stuck(t, locking) },
	"its saves block":                   func(t *testing.T) func(context.Context, operation) error { return stuck(t, saving) },
	"it panics": func(*testing.T) func(context.Context, operation) error {
		return func(context.Context, operation) error { panic("boom") }
	},
	"it ends its goroutine": func(*testing.T) func(context.Context, operation) error {
		return func(context.Context, operation) error { runtime.Goexit(); return nil }
	},
}

func TestAStoreThatDoesNotWork(t *testing.T) {
	t.Parallel()
	for name, fault := range storeFaults {
		t.Run(name+": no call fails by it or waits 250 ms longer", func(t *testing.T) {
			t.Parallel()
			for _, endpoint := range []func(*imdstest.Server){
				func(*imdstest.Server) {},
				func(s *imdstest.Server) { s.Break(imdstest.Slow(time.Second)) },
				func(s *imdstest.Server) { s.Break(imdstest.Slow(7 * time.Second)) },
				func(s *imdstest.Server) { s.Next(imdstest.Status(503)) },
				func(s *imdstest.Server) { s.Next(imdstest.Status(500), imdstest.Status(500), imdstest.Closed()) },
				func(s *imdstest.Server) { s.BreakFor(70*time.Second, imdstest.Status(410)) },
				func(s *imdstest.Server) { s.Break(imdstest.Status(503)) },
				func(s *imdstest.Server) { s.Break(imdstest.Refused()) },
			} {
				synctest.Test(t, func(t *testing.T) {
					cold := func(b tokenstore.Backend) (took time.Duration, err error) {
						imds := mintingHost(t)
						endpoint(imds)
						opts := aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID)}
						if b != nil {
							opts.Store = storeOn(t, b)
						}
						c := over(t, imds, opts)
						begin := time.Now()
						_, err = c.Token(t.Context(), resource)
						return time.Since(begin), err
					}
					without, wantErr := cold(nil)
					backend := newMemory()
					backend.suffer(fault(t))
					with, err := cold(backend)
					require.Equal(t, wantErr == nil, err == nil)
					if err != nil {
						require.Equal(t, wantErr.Error(), err.Error())
					}
					require.LessOrEqual(t, with-without, 250*time.Millisecond)
				})
			}
		})
		inVirtualTime(t, name+": the cover is that without a store", func(t *testing.T) {
			imds, backend := mintingHost(t), newMemory()
			c := start(t, imds, backend, aztoken.Options{})
			atOnce(t, c)
			backend.suffer(fault(t))
			requireNoHarm(t, use(t, c, 36*time.Hour))
			imds.Break(imdstest.Status(503))
			requireNoHarm(t, use(t, c, 12*time.Hour))
			imds.Recover()
			requireNoHarm(t, use(t, c, 12*time.Hour))
			require.LessOrEqual(t, imds.Count(), 30)
		})
		inVirtualTime(t, name+": it is told once for each change", func(t *testing.T) {
			imds, backend := mintingHost(t), newMemory()
			var told journal
			c := start(t, imds, backend, aztoken.Options{OnEvent: told.note})
			atOnce(t, c)
			ctx, cancel := context.WithCancel(t.Context())
			f := fault(t)
			backend.suffer(func(own context.Context, op operation) error {
				if ctx.Err() != nil {
					return nil
				}
				return f(own, op)
			})
			c.OnRotate(resource, func(aztoken.Token) {})
			time.Sleep(24 * time.Hour)
			failed := len(told.of(aztoken.EventStoreFailed))
			recovered := len(told.of(aztoken.EventStoreRecovered))
			cancel()
			backend.suffer(nil)
			if !strings.Contains(name, "every other time") && !strings.Contains(name, "full") {
				require.LessOrEqual(t, failed, 1)
				require.Zero(t, recovered)
			}
			require.LessOrEqual(t, failed+recovered, 24*8*3)
			require.Equal(t, failed > recovered, c.Status().StoreError != "")
		})
	}
	inVirtualTime(t, "tells of its failure and of its recovery, and Status says why", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		var told journal
		c := start(t, imds, backend, aztoken.Options{OnEvent: told.note})
		atOnce(t, c)
		require.True(t, c.Status().HasStore)
		backend.suffer(failing())
		time.Sleep(5 * time.Hour)
		require.Contains(t, c.Status().StoreError, errBackend.Error())
		failed := told.of(aztoken.EventStoreFailed)
		require.Len(t, failed, 1)
		require.ErrorIs(t, failed[0].Err, errBackend)
		require.Empty(t, told.of(aztoken.EventStoreRecovered))
		backend.suffer(nil)
		time.Sleep(5 * time.Hour)
		require.Empty(t, c.Status().StoreError)
		require.Len(t, told.of(aztoken.EventStoreFailed), 1)
		require.Len(t, told.of(aztoken.EventStoreRecovered), 1)
		require.False(t, over(t, imds, aztoken.Options{}).Status().HasStore)
	})
	inVirtualTime(t, "leaves no goroutines behind while it blocks for days", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		backend.suffer(stuck(t))
		c := start(t, imds, backend, aztoken.Options{})
		for i := range 40 {
			_, err := c.Token(t.Context(), fmt.Sprintf("https://service-%d.example.com", i))
			require.NoError(t, err)
		}
		time.Sleep(48 * time.Hour)
		require.LessOrEqual(t, backend.count(loading)+backend.count(saving)+backend.count(locking), 8)
	})
	t.Run("slow as it is, has the token that the endpoint has not", func(t *testing.T) {
		t.Parallel()
		for _, fault := range []imdstest.Fault{imdstest.Status(503), imdstest.Status(400), imdstest.Hang(), imdstest.Refused()} {
			synctest.Test(t, func(t *testing.T) {
				imds, backend := mintingHost(t), newMemory()
				atOnce(t, start(t, imds, backend, aztoken.Options{}))
				imds.Break(fault)
				backend.suffer(slowBy(4*time.Second, loading))
				begin := time.Now()
				_, err := start(t, imds, backend, aztoken.Options{}).Token(t.Context(), resource)
				require.NoError(t, err)
				require.Equal(t, 4*time.Second, time.Since(begin))
			})
		}
	})
	inVirtualTime(t, "is not waited for once it is known", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		backend.suffer(slowBy(time.Hour))
		c := start(t, imds, backend, aztoken.Options{})
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		time.Sleep(10 * time.Second)
		begin := time.Now()
		_, err = c.Token(t.Context(), "https://vault.azure.net")
		require.NoError(t, err)
		require.Zero(t, time.Since(begin))
		imds.Break(imdstest.Status(400))
		_, err = c.Token(t.Context(), "https://graph.microsoft.com")
		require.Error(t, err)
		require.LessOrEqual(t, time.Since(begin), 250*time.Millisecond)
	})
}

// Entries in the store that cannot be opened, or that have changed.
func TestAStoredTokenThatIsNoGood(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func([]byte) []byte{
		"cut to nothing":     func([]byte) []byte { return nil },
		"cut in half":        func(b []byte) []byte { return b[:len(b)/2] },
		"changed at its end": func(b []byte) []byte { b = bytes.Clone(b); b[len(b)-1] ^= 1; return b },
		"of another version": func(b []byte) []byte { b = bytes.Clone(b); b[0]++; return b },
		"too large":          func([]byte) []byte { return make([]byte, tokenstore.MaxBlob+1) },
		"followed by more":   func(b []byte) []byte { return append(bytes.Clone(b), 0) },
	} {
		inVirtualTime(t, name+": a miss and one event, and the next save replaces it", func(t *testing.T) { requireReplaced(t, func(m *memory) { m.change(spoil) }, storeKey(1), true) })
	}
	inVirtualTime(t, "sealed with another key: a miss", func(t *testing.T) { requireReplaced(t, func(*memory) {}, storeKey(2), false) })
	inVirtualTime(t, "moved to another name: a miss and one event, and the next save replaces it", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		c := start(t, imds, backend, aztoken.Options{})
		atOnce(t, c)
		_, err := c.Token(t.Context(), "https://vault.azure.net")
		require.NoError(t, err)
		closeNow(t, c)
		blobs := backend.snapshot()
		var names []string
		for name := range blobs {
			names = append(names, name)
		}
		require.Len(t, names, 2)
		blobs[names[0]], blobs[names[1]] = blobs[names[1]], blobs[names[0]]
		backend.restore(blobs)
		var told journal
		atOnce(t, start(t, imds, backend, aztoken.Options{OnEvent: told.note}))
		require.Equal(t, 3, imds.Count())
		require.Len(t, told.of(aztoken.EventStoreFailed), 1)
		require.ErrorIs(t, told.of(aztoken.EventStoreFailed)[0].Err, tokenstore.ErrUnreadable)
		atOnce(t, start(t, imds, backend, aztoken.Options{}))
		require.Equal(t, 3, imds.Count())
	})
	t.Run("on a directory whose files are damaged, links or directories", func(t *testing.T) {
		t.Parallel()
		for name, spoil := range map[string]func(t *testing.T, file string){
			"emptied": func(t *testing.T, file string) { require.NoError(t, os.WriteFile(file, nil, 0o600)) },
			"noise":   func(t *testing.T, file string) { require.NoError(t, os.WriteFile(file, make([]byte, 4096), 0o600)) },
			"a link": func(t *testing.T, file string) {
				require.NoError(t, os.Remove(file))
				outside := filepath.Join(t.TempDir(), "outside")
				require.NoError(t, os.WriteFile(outside, []byte("of somebody else"), 0o600))
				require.NoError(t, os.Symlink(outside, file))
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				imds, path := mintingHost(t), t.TempDir()
				first := start(t, imds, tokenstore.Dir(path), aztoken.Options{})
				atOnce(t, first)
				closeNow(t, first)
				spoil(t, fileOf(t, path))
				var told journal
				c := start(t, imds, tokenstore.Dir(path), aztoken.Options{OnEvent: told.note})
				atOnce(t, c)
				require.Len(t, told.of(aztoken.EventStoreFailed), 1, name)
				closeNow(t, c)
				atOnce(t, start(t, imds, tokenstore.Dir(path), aztoken.Options{}))
				require.Equal(t, 2, imds.Count(), name)
			})
		}
	})
	inVirtualTime(t, "that was emptied away with its directory is made anew", func(t *testing.T) {
		imds, path := mintingHost(t), filepath.Join(t.TempDir(), "tokens")
		c := start(t, imds, tokenstore.Dir(path), aztoken.Options{})
		atOnce(t, c)
		synctest.Wait()
		require.NoError(t, os.RemoveAll(path))
		time.Sleep(15 * time.Minute)
		atOnce(t, start(t, imds, tokenstore.Dir(path), aztoken.Options{}))
		require.Equal(t, 1, imds.Count())
	})
}

// requireReplaced saves a token, spoils it, and requires that a start with key works anyway and
// that the next start finds a token again.
func requireReplaced(t *testing.T, spoil func(*memory), key []byte, isTold bool) {
	t.Helper()
	imds, backend := mintingHost(t), newMemory()
	first := start(t, imds, backend, aztoken.Options{})
	atOnce(t, first)
	closeNow(t, first)
	spoil(backend)
	run := func(j *journal) *aztoken.Client {
		return over(t, imds, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Store: storeOn(t, backend, key), OnEvent: j.note})
	}
	var told journal
	c := run(&told)
	atOnce(t, c)
	require.Equal(t, 2, imds.Count())
	if isTold {
		require.Equal(t, []aztoken.EventKind{aztoken.EventStoreFailed, aztoken.EventAcquired}, told.kinds())
		require.ErrorIs(t, told.of(aztoken.EventStoreFailed)[0].Err, tokenstore.ErrUnreadable)
	} else {
		require.Equal(t, []aztoken.EventKind{aztoken.EventAcquired}, told.kinds())
	}
	require.Empty(t, c.Status().StoreError)
	closeNow(t, c)
	atOnce(t, run(&journal{}))
	require.Equal(t, 2, imds.Count())
}

// fileOf returns the one entry in a directory.
func fileOf(t *testing.T, path string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(path, "*", "*.entry"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

func TestNothingOfATokenCanBeReadAnywhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		imds, path := mintingHost(t), t.TempDir()
		var log lockedbuffer.Buffer
		var told journal
		logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		backend := newMemory()
		var status []string
		var values []string
		for _, b := range []tokenstore.Backend{tokenstore.Dir(path), backend} {
			for range 3 {
				c := start(t, imds, b, aztoken.Options{Logger: logger, OnEvent: told.note})
				tok := atOnce(t, c)
				values = append(values, tok.Value())
				status = append(status, fmt.Sprintf("%+v %v", c.Status(), c))
				c.Invalidate(tok)
				time.Sleep(time.Hour)
				backend.suffer(func(_ context.Context, op operation) error { return fmt.Errorf("cannot %s", op) })
				time.Sleep(time.Hour)
				backend.suffer(nil)
				values = append(values, atOnce(t, c).Value())
				closeNow(t, c)
				backend.change(func(b []byte) []byte { return b[:len(b)-1] })
			}
		}
		secrets := []string{resource, strings.TrimPrefix(resource, "https://"), imdstest.DefaultClientID, imdstest.DefaultObjectID, "eyJ"}
		for _, value := range values {
			parts := strings.Split(value, ".")
			secrets = append(secrets, parts...)
			claims, err := base64.RawURLEncoding.DecodeString(parts[1])
			require.NoError(t, err)
			secrets = append(secrets, string(claims), `"oid"`)
		}
		key := string(storeKey(1))
		secrets = append(secrets, key)
		files := 0
		require.NoError(t, filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			require.NoError(t, err)
			requireNone(t, secrets, filepath.Base(file))
			info, err := d.Info()
			require.NoError(t, err)
			if d.IsDir() {
				return nil
			}
			files++
			if runtime.GOOS != "windows" { // which has no modes
				require.Zero(t, info.Mode().Perm()&0o077)
			}
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			requireNone(t, secrets, string(content))
			return nil
		}))
		require.NotZero(t, files)
		for name, blob := range backend.snapshot() {
			requireNone(t, secrets, name)
			requireNone(t, secrets, string(blob))
		}
		// Logs, events and the status name resource and identity, and no token.
		told.kinds()
		tokens := secrets[4:]
		requireNone(t, tokens, log.String())
		requireNone(t, tokens, fmt.Sprintf("%+v", told.events))
		requireNone(t, tokens, strings.Join(status, "\n"))
	})
}

func requireNone(t *testing.T, secrets []string, text string) {
	t.Helper()
	for i, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			t.Fatalf("secret %d can be read", i) // without either of them
		}
	}
}

// A bubble of virtual time begins at the same moment as every other, so what one of them saved
// after an hour is of a clock that is ahead by an hour in the next.
func TestAStoredTokenOfAClockThatIsAhead(t *testing.T) {
	t.Parallel()
	// savedBy returns a store with a token that was acquired ahead of the beginning of virtual
	// time.
	savedBy := func(t *testing.T, ahead time.Duration) *memory {
		saved := newMemory()
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(ahead)
			atOnce(t, start(t, mintingHost(t), saved, aztoken.Options{}))
		})
		backend := newMemory()
		backend.restore(saved.snapshot())
		return backend
	}
	t.Run("is used if it is a little ahead", func(t *testing.T) {
		t.Parallel()
		backend := savedBy(t, 4*time.Minute)
		synctest.Test(t, func(t *testing.T) {
			imds := mintingHost(t)
			tok := atOnce(t, start(t, imds, backend, aztoken.Options{}))
			require.Zero(t, imds.Count())
			require.False(t, tok.AcquiredOn.After(time.Now()))
		})
	})
	t.Run("is not taken for another one when it is rejected", func(t *testing.T) {
		t.Parallel()
		backend := savedBy(t, 4*time.Minute)
		synctest.Test(t, func(t *testing.T) {
			imds := mintingHost(t)
			c, other := start(t, imds, backend, aztoken.Options{}), start(t, imds, backend, aztoken.Options{})
			refused := atOnce(t, c)
			atOnce(t, other)
			time.Sleep(time.Second)
			c.Invalidate(refused)
			synctest.Wait()
			require.Equal(t, 1, imds.Count())
			replacement := atOnce(t, c)
			requireOther(t, refused, replacement)
			time.Sleep(time.Hour) // in which the other process checks its own token
			fresh := start(t, imds, backend, aztoken.Options{})
			requireOther(t, refused, atOnce(t, fresh))
		})
	})
	t.Run("is asked for anew, and replaced", func(t *testing.T) {
		t.Parallel()
		backend := savedBy(t, time.Hour)
		synctest.Test(t, func(t *testing.T) {
			imds := mintingHost(t)
			for range 2 {
				atOnce(t, start(t, imds, backend, aztoken.Options{}))
				require.Equal(t, 1, imds.Count())
			}
		})
	})
	t.Run("is served if the endpoint is down", func(t *testing.T) {
		t.Parallel()
		for _, fault := range []imdstest.Fault{imdstest.Status(503), imdstest.Status(400), imdstest.Refused()} {
			backend := savedBy(t, time.Hour)
			synctest.Test(t, func(t *testing.T) {
				imds := mintingHost(t)
				imds.Break(fault)
				c := start(t, imds, backend, aztoken.Options{})
				atOnce(t, c)
				requireNoHarm(t, use(t, c, 12*time.Hour))
			})
		}
	})
	t.Run("is asked for anew at each refresh, and harms nothing", func(t *testing.T) {
		t.Parallel()
		backend := savedBy(t, 6*time.Hour)
		synctest.Test(t, func(t *testing.T) {
			imds := mintingHost(t)
			c := start(t, imds, backend, aztoken.Options{})
			requireNoHarm(t, use(t, c, 48*time.Hour))
			require.LessOrEqual(t, imds.Count(), 8)
		})
	})
}

func TestCloseWithAStore(t *testing.T) {
	t.Parallel()
	for name, fault := range storeFaults {
		t.Run(name+": is back in time, whatever is under way", func(t *testing.T) {
			t.Parallel()
			for _, after := range []time.Duration{0, 10 * time.Millisecond, 200 * time.Millisecond, time.Second, 20 * time.Second} {
				synctest.Test(t, func(t *testing.T) {
					imds, backend := mintingHost(t), newMemory()
					imds.Break(imdstest.Slow(50 * time.Millisecond))
					backend.suffer(fault(t))
					c := start(t, imds, backend, aztoken.Options{})
					var wg sync.WaitGroup
					wg.Go(func() { _, _ = c.Token(t.Context(), resource) })
					time.Sleep(after)
					begin := time.Now()
					closeNow(t, c)
					require.LessOrEqual(t, time.Since(begin), 2*time.Second)
					wg.Wait()
				})
			}
		})
	}
	inVirtualTime(t, "while it waits for another client's token", func(t *testing.T) {
		imds, backend := mintingHost(t), newMemory()
		imds.Break(imdstest.Hang())
		holder, c := start(t, imds, backend, aztoken.Options{}), start(t, imds, backend, aztoken.Options{})
		var wg sync.WaitGroup
		for _, c := range []*aztoken.Client{holder, c} {
			wg.Go(func() {
				_, err := c.Token(t.Context(), resource)
				require.ErrorIs(t, err, aztoken.ErrClosed)
			})
			time.Sleep(100 * time.Millisecond)
		}
		begin := time.Now()
		closeNow(t, c)
		require.Zero(t, time.Since(begin))
		closeNow(t, holder)
		wg.Wait()
	})
}
