package verify_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/verify"
)

// deaf is a transport that ignores the context of some requests, until the test ends.
type deaf struct {
	next http.RoundTripper
	when func(*http.Request) bool
	body bool // the body hangs, and not the headers
	end  chan struct{}
}

func (d *deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	if !d.when(r) {
		return d.next.RoundTrip(r)
	}
	if d.body {
		resp := answer(r, 200, "")
		resp.Body = d
		return resp, nil
	}
	<-d.end
	return nil, errors.New("the end")
}

func (d *deaf) Read([]byte) (int, error) { <-d.end; return 0, io.EOF }
func (d *deaf) Close() error             { return nil }

func TestAFetchThatHangs(t *testing.T) {
	t.Parallel()
	for phase, matches := range map[string]string{"in discovery": "/openid-configuration", "in the keys": "/keys"} {
		for part, body := range map[string]bool{"before it answers": false, "in its body": true} {
			name := phase + " " + part
			t.Run(name+" once is given up, and the next one works", func(t *testing.T) {
				virtually(t, func(t *testing.T) {
					entra := issue(first().jwk())
					var hung atomic.Int64
					d := &deaf{next: entra, body: body, end: make(chan struct{}), when: func(r *http.Request) bool {
						return strings.HasSuffix(r.URL.Path, matches) && hung.Add(1) == 1
					}}
					defer close(d.end)
					v := open(t, d)
					began := time.Now()
					reject(t, v, mint(), verify.ErrKeysUnavailable)
					require.Equal(t, limit, time.Since(began))
					time.Sleep(2 * time.Second)
					accept(t, v, mint())
					for range 25 {
						time.Sleep(time.Hour)
						began = time.Now()
						accept(t, v, mint())
						require.Zero(t, time.Since(began))
					}
					closes(t, v)
				})
			})
			t.Run(name+" for ever leaves the last good keys, and then 503 in ten seconds", func(t *testing.T) {
				virtually(t, func(t *testing.T) {
					entra := issue(first().jwk())
					var broken atomic.Bool
					d := &deaf{next: entra, body: body, end: make(chan struct{}), when: func(r *http.Request) bool {
						return broken.Load() && strings.HasSuffix(r.URL.Path, matches)
					}}
					defer close(d.end)
					v := warm(t, d)
					broken.Store(true)
					goroutines := runtime.NumGoroutine()
					for range 23 {
						time.Sleep(time.Hour)
						accept(t, v, mint())
					}
					require.Less(t, runtime.NumGoroutine()-goroutines, 5*23*13, "they are begun less often")
					time.Sleep(time.Hour)
					began := time.Now()
					reject(t, v, mint(), verify.ErrKeysUnavailable)
					require.LessOrEqual(t, time.Since(began), limit)
					broken.Store(false)
					time.Sleep(6 * time.Minute)
					accept(t, v, mint())
					closes(t, v)
				})
			})
		}
	}
	t.Run("answers a request with Retry-After", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			d := &deaf{end: make(chan struct{}), when: func(*http.Request) bool { return true }}
			defer close(d.end)
			v := open(t, d)
			resp := answered(t, v.Handler(forbidden(t)), request(mint()))
			require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
			require.NotEmpty(t, resp.Header.Get("Retry-After"))
			require.Error(t, v.Warm(t.Context()))
			closes(t, v)
		})
	})
	t.Run("while callers come for a day, keeps none of them for more than ten seconds", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			d := &deaf{end: make(chan struct{}), when: func(*http.Request) bool { return true }}
			defer close(d.end)
			v := open(t, d)
			for end := time.Now().Add(24 * time.Hour); time.Now().Before(end); time.Sleep(time.Minute) {
				began := time.Now()
				reject(t, v, mint(), verify.ErrKeysUnavailable)
				require.LessOrEqual(t, time.Since(began), limit)
			}
			closes(t, v)
		})
	})
}

// closes wants Close to return within its limit.
func closes(t *testing.T, v *verify.Verifier) {
	t.Helper()
	began := time.Now()
	require.NoError(t, v.Close())
	require.LessOrEqual(t, time.Since(began), 12*time.Second)
	_, err := v.Verify(t.Context(), mint())
	require.ErrorIs(t, err, verify.ErrClosed)
}

// stuckHandler is a slog.Handler that does not return.
type stuckHandler struct {
	slog.Handler
	end chan struct{}
}

func (s stuckHandler) Handle(context.Context, slog.Record) error { <-s.end; return nil }

func TestAnObserverThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for name, observe := range map[string]func(o *verify.Options, end chan struct{}){
		"as OnEvent": func(o *verify.Options, end chan struct{}) { o.OnEvent = func(verify.Event) { <-end } },
		"as Logger": func(o *verify.Options, end chan struct{}) {
			o.Logger = slog.New(stuckHandler{slog.DiscardHandler, end})
		},
		"as both": func(o *verify.Options, end chan struct{}) {
			o.OnEvent, o.Logger = func(verify.Event) { <-end }, slog.New(stuckHandler{slog.DiscardHandler, end})
		},
	} {
		t.Run(name+" stops no fetch, and no caller", func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				end := make(chan struct{})
				defer close(end)
				entra := issue(first().jwk())
				v := open(t, entra, func(o *verify.Options) { observe(o, end) })
				for range 50 {
					began := time.Now()
					accept(t, v, mint())
					require.Zero(t, time.Since(began))
					reject(t, v, mint(claim("aud", "another")), verify.ErrAudience)
					require.LessOrEqual(t, time.Since(began), time.Second)
					time.Sleep(time.Hour)
				}
				require.GreaterOrEqual(t, entra.fetches(), 49)
				goroutines := runtime.NumGoroutine()
				for range 1000 {
					reject(t, v, mint(claim("aud", "another")), verify.ErrAudience)
				}
				require.Less(t, runtime.NumGoroutine()-goroutines, 500)
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				began := time.Now()
				_, err := v.Verify(ctx, "no token")
				require.Error(t, err)
				require.LessOrEqual(t, time.Since(began), time.Millisecond)
				closes(t, v)
			})
		})
	}
	t.Run("does not keep events from the other", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			end := make(chan struct{})
			defer close(end)
			events := &journal{}
			v := warm(t, issue(first().jwk()), events.listen, func(o *verify.Options) { o.Logger = slog.New(stuckHandler{slog.DiscardHandler, end}) })
			for range 500 {
				reject(t, v, "no token", verify.ErrMalformed)
			}
			require.Len(t, events.of(verify.EventRejected), 500)
			closes(t, v)
		})
	})
	t.Run("but panics is told to the other", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			var log bytes.Buffer
			v := warm(t, issue(first().jwk()), func(o *verify.Options) {
				o.OnEvent = func(verify.Event) { panic("of OnEvent") }
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			require.NoError(t, v.Close())
			require.Contains(t, log.String(), "panic: of OnEvent")
		})
	})
	t.Run("is told what the HTTP client panicked with", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra, events := issue(), &journal{}
			entra.fail(func(*http.Request) (*http.Response, error) { panic("of the client") })
			v := open(t, entra, events.listen)
			require.ErrorContains(t, v.Warm(t.Context()), "panic: of the client")
			synctest.Wait()
			require.ErrorContains(t, events.of(verify.EventKeysFailed)[0].Err, "panic: of the client")
		})
	})
}

// What hangs on a disk cannot be had in a test but by a file that is not one: opening a FIFO waits
// for a writer, and reading one for what it writes.
func TestAKeyFileThatHangs(t *testing.T) {
	t.Parallel()
	fifo := func(t *testing.T) string {
		path := t.TempDir() + "/keys.json"
		mkfifo(t, path)
		return path
	}
	t.Run("delays nobody, and is told", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			events := &journal{}
			v := open(t, issue(first().jwk()), keyFile(fifo(t)), events.listen)
			began := time.Now()
			accept(t, v, mint())
			require.Zero(t, time.Since(began))
			synctest.Wait()
			require.NotEmpty(t, events.of(verify.EventKeyFileFailed))
			require.ErrorContains(t, events.of(verify.EventKeyFileFailed)[0].Err, "not a regular file")
			closes(t, v)
		})
	})
	t.Run("and no keys is 503 at once", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			v := open(t, down(), keyFile(fifo(t)))
			began := time.Now()
			reject(t, v, mint(), verify.ErrKeysUnavailable)
			require.Zero(t, time.Since(began))
			closes(t, v)
		})
	})
	t.Run("with a writer that is silent", func(t *testing.T) {
		t.Parallel()
		path := fifo(t)
		writer, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		defer writer.Close()
		v := open(t, down(), keyFile(path))
		_, err = v.Verify(t.Context(), mint())
		require.ErrorIs(t, err, verify.ErrKeysUnavailable)
		require.NoError(t, v.Close())
	})
}
