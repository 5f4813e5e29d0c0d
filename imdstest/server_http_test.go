package imdstest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/neterr"
)

// socketCaller reaches a server over a real socket, with a new connection for each request.
func socketCaller(t *testing.T, server *imdstest.Server) caller {
	t.Helper()
	return caller{server, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: stay}}
}

func TestNewServerListensOnLoopback(t *testing.T) {
	t.Parallel()
	server := imdstest.NewServer(t, nil)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	require.Equal(t, "http", address.Scheme)
	require.Equal(t, "127.0.0.1", address.Hostname())
	require.NotEmpty(t, address.Port())
	require.Empty(t, address.Path)
	require.NotEmpty(t, socketCaller(t, server).ask(t.Context(), vault).token(t))
	require.Equal(t, "http://imds.test", imdstest.New(nil).URL)
}

// A timed is a failing test that has a deadline, or panics because of it, like a test of package
// testing.
type timed struct {
	failing
	deadline func() (time.Time, bool)
}

func (t *timed) Deadline() (time.Time, bool) { return t.deadline() }

// Without this a test in virtual time hangs until go test gives up.
func TestNewServerInABubbleFailsTheTest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tb := &timed{failing{TB: t}, t.Deadline}
		var wg sync.WaitGroup
		wg.Go(func() { imdstest.NewServer(tb, nil) })
		wg.Wait()
		require.Contains(t, tb.message, "use New, with the Server as Options.Transport")
	})
	tb := &timed{failing{TB: t}, t.Deadline}
	require.NotEmpty(t, imdstest.NewServer(tb, nil).URL)
	require.Empty(t, tb.message)
}

func TestRefusedOverASocketIsAReset(t *testing.T) {
	t.Parallel()
	server := imdstest.NewServer(t, nil)
	server.Next(imdstest.Refused(), imdstest.Closed())
	c := socketCaller(t, server)
	require.True(t, neterr.Reset(c.ask(t.Context(), vault).err))
	require.ErrorIs(t, c.ask(t.Context(), vault).err, io.EOF)
	require.NotEmpty(t, c.ask(t.Context(), vault).token(t), "the port stays the server's")
}

func TestRefusedOverTLSIsAResetToo(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	listener := httptest.NewTLSServer(server)
	t.Cleanup(listener.Close)
	server.URL = listener.URL
	c := caller{server, listener.Client()}
	require.Contains(t, c.get(t, "/common/discovery/keys").body, `"kid"`)
	require.Contains(t, c.get(t, "/common/.well-known/openid-configuration").body, `"jwks_uri":"https://`)
	listener.Client().CloseIdleConnections()
	server.Next(imdstest.Refused())
	require.True(t, neterr.Reset(c.ask(t.Context(), vault).err))
}

func TestNewServerEndsRequestsWithTheTest(t *testing.T) {
	t.Parallel()
	outcomes := make(chan outcome, 2)
	bodies := make(chan *http.Response, 1)
	t.Run("inner", func(t *testing.T) {
		server := imdstest.NewServer(t, nil)
		server.Next(imdstest.Huge(1<<60), imdstest.Hang(), imdstest.Dropped())
		c := socketCaller(t, server)
		response, err := c.client.Do(tokenRequest(context.Background(), server.URL, vault))
		require.NoError(t, err)
		bodies <- response // never read: the server is stuck in writing
		for range 2 {
			go func() { outcomes <- c.ask(context.Background(), vault) }()
		}
		require.Eventually(t, func() bool { return server.Count() == 3 }, time.Minute, time.Millisecond)
	})
	for range 2 {
		require.Error(t, (<-outcomes).err)
	}
	require.NoError(t, (<-bodies).Body.Close())
}

func TestServeHTTPEndsWithTheClient(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	listener := httptest.NewServer(server)
	server.URL = listener.URL
	server.Break(imdstest.Hang())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan outcome)
	go func() { done <- socketCaller(t, server).ask(ctx, vault) }()
	require.Eventually(t, func() bool { return server.Count() == 1 }, time.Minute, time.Millisecond)
	cancel()
	require.ErrorIs(t, (<-done).err, context.Canceled)
	listener.Close() // waits for the handler
}

func TestServeHTTPWorksWithARecorder(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	for _, f := range []imdstest.Fault{imdstest.OK(), imdstest.SlowBody(1), imdstest.Huge(100)} {
		server.Next(f)
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, tokenRequest(t.Context(), server.URL, vault))
		require.Equal(t, http.StatusOK, recorder.Code)
		require.NotEmpty(t, recorder.Body.String())
	}
	for _, f := range []imdstest.Fault{imdstest.Closed(), imdstest.Refused()} {
		server.Next(f)
		require.PanicsWithValue(t, http.ErrAbortHandler, func() {
			server.ServeHTTP(httptest.NewRecorder(), tokenRequest(t.Context(), server.URL, vault))
		})
	}
}
