//go:build unix

package operation_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/internal/operation"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen opens free ports and sockets.
func listen(t *testing.T, addresses ...string) []net.Listener {
	t.Helper()
	all, err := operation.Listen(addresses, 0o600, func(err error) { t.Error(err) })
	require.NoError(t, err)
	return all
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// systemd is a socket at which services notify.
func systemd(t *testing.T) (path string, next func() string) {
	t.Helper()
	path = filepath.Join(testservice.SocketDir(t), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return path, func() string {
		buffer := make([]byte, 256)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		return string(buffer[:n])
	}
}

// Not parallel, because signals go to the process.
func TestService(t *testing.T) {
	path, next := systemd(t)
	set := metrics.NewSet()
	var bad atomic.Bool
	reloads := operation.NewReloads(set, func(context.Context) error {
		if bad.Load() {
			return errors.New("a bad file")
		}
		return nil
	})
	defer reloads.Stop()
	var log strings.Builder
	service := &operation.Service{
		Drain: 300 * time.Millisecond, Reloads: reloads, Notify: operation.Notifier{Socket: path},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	held := make(chan struct{})
	pages := operation.Pages{Metrics: set, Ready: func() (bool, any) { return !service.Draining(), map[string]bool{} }}
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(held)
		time.Sleep(time.Second) // a request that is under way at the end
		_, _ = io.WriteString(w, "done")
	})
	listeners := listen(t, "127.0.0.1:0")
	service.Servings = []operation.Serving{{Listener: listeners[0], Handler: operation.WithPages(pages, slow)}}
	base := "http://" + listeners[0].Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- service.Run(t.Context()) }()

	require.Equal(t, "READY=1", next())
	status, body := get(t, base+"/healthz")
	require.Equal(t, http.StatusOK, status, body)
	status, _ = get(t, base+"/readyz")
	require.Equal(t, http.StatusOK, status)

	hup := func() string {
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
		require.Regexp(t, `^RELOADING=1\nMONOTONIC_USEC=[0-9]{3,}$`, next())
		require.Equal(t, "READY=1", next())
		_, metrics := get(t, base+"/metrics")
		return metrics
	}
	require.Contains(t, hup(), "aztoken_config_last_reload_successful 1")
	bad.Store(true)
	require.Contains(t, hup(), "aztoken_config_last_reload_successful 0", "and systemctl reload does not hang")
	bad.Store(false)
	require.Contains(t, hup(), "aztoken_config_last_reload_successful 1", "the good one was put back")

	answer := make(chan string, 1)
	go func() { _, body := get(t, base+"/slow"); answer <- body }()
	<-held
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	require.Equal(t, "STOPPING=1", next())
	status, _ = get(t, base+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status, "it serves on, and says that it ends")
	require.NoError(t, <-ended)
	require.Equal(t, "done", <-answer)
	require.Equal(t, 1, strings.Count(log.String(), "level=ERROR"), log.String())
}

func TestServiceThatIsToldTwice(t *testing.T) {
	listeners := listen(t, "127.0.0.1:0")
	service := &operation.Service{
		Drain: time.Hour, Logger: slog.New(slog.DiscardHandler),
		Servings: []operation.Serving{{Listener: listeners[0], Handler: http.NotFoundHandler()}},
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- service.Run(ctx) }()
	get(t, "http://"+listeners[0].Addr().String())
	cancel()
	require.Eventually(t, service.Draining, 10*time.Second, time.Millisecond)
	select { // within half a second the same signal may come twice
	case err := <-ended:
		t.Fatal("it ended by itself", err)
	case <-time.After(600 * time.Millisecond):
	}
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the second signal was lost")
	}
}

// A reload may wait for the network; a signal to end does not wait for the reload.
func TestServiceThatIsToldToEndWhileItReloads(t *testing.T) {
	path, next := systemd(t)
	reading := make(chan struct{})
	reloads := operation.NewReloads(metrics.NewSet(), func(ctx context.Context) error {
		close(reading)
		<-ctx.Done()
		return ctx.Err()
	})
	defer reloads.Stop()
	listeners := listen(t, "127.0.0.1:0")
	service := &operation.Service{
		Logger: slog.New(slog.DiscardHandler), Reloads: reloads, Notify: operation.Notifier{Socket: path},
		Servings: []operation.Serving{{Listener: listeners[0], Handler: http.NotFoundHandler()}},
	}
	ended := make(chan error, 1)
	go func() { ended <- service.Run(t.Context()) }()
	require.Equal(t, "READY=1", next())
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	<-reading
	status, _ := get(t, "http://"+listeners[0].Addr().String())
	require.Equal(t, http.StatusNotFound, status, "it serves on")
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
	require.NoError(t, <-ended)
	require.Contains(t, next(), "RELOADING=1")
	require.Equal(t, "READY=1", next())
	require.Equal(t, "STOPPING=1", next())
}

func TestServiceBoundsHeaders(t *testing.T) {
	t.Parallel()
	for max, sizes := range map[int]map[int]int{0: {15 << 10: 404, 24 << 10: 431}, 64 << 10: {63 << 10: 404, 80 << 10: 431}} {
		listeners := listen(t, "127.0.0.1:0")
		service := &operation.Service{
			Logger: slog.New(slog.DiscardHandler), MaxHeader: max, IgnoreSignals: true,
			Servings: []operation.Serving{{Listener: listeners[0], Handler: http.NotFoundHandler()}},
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- service.Run(ctx) }()
		for size, want := range sizes {
			req, err := http.NewRequest(http.MethodGet, "http://"+listeners[0].Addr().String(), nil)
			require.NoError(t, err)
			req.Header.Set("Cookie", strings.Repeat("a", size))
			resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, want, resp.StatusCode, "%d of %d", size, max)
		}
		cancel()
		require.NoError(t, <-ended)
	}
}

func TestServiceBoundsConnections(t *testing.T) {
	t.Parallel()
	const limit = 8
	listeners := listen(t, "127.0.0.1:0", "127.0.0.1:0")
	pages := operation.Pages{Metrics: metrics.NewSet(), Ready: func() (bool, any) { return true, nil }}
	service := &operation.Service{
		Logger: slog.New(slog.DiscardHandler), MaxConnections: limit, IgnoreSignals: true,
		Servings: []operation.Serving{{Listener: listeners[0], Handler: http.NotFoundHandler()}, {Listener: listeners[1], Handler: pages, Pages: true}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	// ask returns the answer to a request on a connection that the client keeps open.
	ask := func(l net.Listener, path string) *http.Response {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		// This is shorter than a server's wait for a request.
		require.NoError(t, conn.SetDeadline(time.Now().Add(4*time.Second)))
		_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		return resp
	}
	kept := 0
	for range 2 * limit { // connections that wait for another request keep nobody out
		if resp := ask(listeners[0], "/"); !resp.Close {
			kept++
		}
	}
	require.Positive(t, kept)
	require.Less(t, kept, limit)
	for range limit { // some silent ones
		conn, err := net.Dial("tcp", listeners[0].Addr().String())
		require.NoError(t, err)
		defer conn.Close()
	}
	for range 3 {
		require.Equal(t, http.StatusOK, ask(listeners[1], "/healthz").StatusCode, "a flood is no reason to restart")
	}
	cancel()
	require.NoError(t, <-ended)
}

func TestListen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(testservice.SocketDir(t), "agent.sock")
	t.Run("removes a socket at which nobody answers, and no other", func(t *testing.T) {
		stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		require.NoError(t, err)
		stale.SetUnlinkOnClose(false)
		require.NoError(t, stale.Close())
		first := listen(t, "unix:"+path)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		_, err = operation.Listen([]string{"unix:" + path}, 0o600, nil)
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		require.ErrorContains(t, err, "end it")
		require.NoError(t, first[0].Close())
		require.NoFileExists(t, path)
	})
	t.Run("leaves what is not a socket", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		_, err := operation.Listen([]string{"unix:" + file}, 0o600, nil)
		require.ErrorContains(t, err, "not a socket")
		require.FileExists(t, file)
	})
	t.Run("warns of one address that cannot be opened", func(t *testing.T) {
		var warned []error
		all, err := operation.Listen([]string{"192.0.2.1:0", "127.0.0.1:0"}, 0, func(err error) { warned = append(warned, err) })
		require.NoError(t, err)
		require.Len(t, all, 1)
		require.NoError(t, all[0].Close())
		require.Len(t, warned, 1)
		require.ErrorContains(t, warned[0], "no such address")
	})
	t.Run("fails if none can be opened", func(t *testing.T) {
		_, err := operation.Listen([]string{"192.0.2.1:0", "unix:/nowhere/s"}, 0, nil)
		require.ErrorContains(t, err, "192.0.2.1:0")
		require.ErrorContains(t, err, "/nowhere/s")
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	listeners := listen(t, "127.0.0.1:0")
	service := &operation.Service{Logger: slog.New(slog.DiscardHandler), Servings: []operation.Serving{{
		Listener: listeners[0],
		Handler: operation.Pages{
			Metrics: metrics.NewSet(), Ready: func() (bool, any) { return false, map[string]string{"resource": "r"} },
			More: map[string]http.Handler{"/statusz": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "more") })},
		},
	}}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	base := "http://" + listeners[0].Addr().String()
	for path, want := range map[string]struct {
		status int
		body   string
	}{
		"/healthz": {200, `{"healthy":true}`}, "/readyz": {503, `{"resource":"r"}`}, "/metrics": {200, "process_"},
		"/statusz": {200, "more"}, "/": {404, "not_found"}, "/healthz/": {404, "not_found"},
	} {
		status, body := get(t, base+path)
		require.Equal(t, want.status, status, path)
		require.Contains(t, body, want.body, path)
	}
	resp, err := http.Post(base+"/healthz", "text/plain", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	http.DefaultClient.CloseIdleConnections()
	cancel()
	require.NoError(t, <-ended)
}

func TestSampler(t *testing.T) {
	t.Parallel()
	s, now := operation.NewSampler(time.Second), time.Now()
	require.True(t, s.Take("a", now))
	require.False(t, s.Take("a", now.Add(999*time.Millisecond)))
	require.True(t, s.Take("b", now))
	require.True(t, s.Take("a", now.Add(time.Second)))
}

func TestNotifier(t *testing.T) {
	t.Parallel()
	operation.Notifier{}.Ready()
	operation.Notifier{Socket: "/nowhere"}.Stopping()
}
