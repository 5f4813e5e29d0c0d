package imdstest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/imdstest"
)

const (
	vault  = "https://vault.azure.net"
	orders = "https://orders.example"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A caller is a way to reach a server: one for each front end.
type caller struct {
	server *imdstest.Server
	client *http.Client
}

// frontEnds are both ways to a server inside a bubble of testing/synctest.
var frontEnds = map[string]func(*testing.T, *imdstest.Options) caller{
	"without a socket": inMemory,
	"over a pipe":      overPipe,
}

func inMemory(t *testing.T, opts *imdstest.Options) caller {
	t.Helper()
	server := imdstest.New(opts)
	return caller{server, &http.Client{Transport: server, CheckRedirect: stay}}
}

// overPipe serves the handler by a real http.Server, through net.Pipe, as virtual time stands still
// while a bubble waits for a real socket.
func overPipe(t *testing.T, opts *imdstest.Options) caller {
	t.Helper()
	server := imdstest.New(opts)
	pipes, secure := newPipeListener(), newPipeListener()
	serving := &http.Server{Handler: server, TLSConfig: server.TLSConfig()}
	go func() { _ = serving.Serve(pipes) }()
	go func() { _ = serving.ServeTLS(secure, "", "") }()
	trusted := x509.NewCertPool()
	trusted.AddCert(server.TLSConfig().Certificates[0].Leaf)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ":443") {
				return secure.dial(ctx, network, address)
			}
			return pipes.dial(ctx, network, address)
		},
		TLSClientConfig:   &tls.Config{RootCAs: trusted},
		DisableKeepAlives: true,
	}
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
		_ = serving.Close()
	})
	return caller{server, &http.Client{Transport: transport, CheckRedirect: stay}}
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

// A brusqueConn has no time for the goodbye of TLS, before which alone a write deadline is set: in a pipe two goodbyes would
// wait for each other, and net/http holds a lock meanwhile, so that virtual time could not come to their deadline.
type brusqueConn struct{ net.Conn }

func (c brusqueConn) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() {
		t = time.Now()
	}
	return c.Conn.SetWriteDeadline(t)
}

func newPipeListener() pipeListener { return pipeListener{make(chan net.Conn), make(chan struct{})} }

func (l pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- brusqueConn{far}:
		return brusqueConn{near}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error   { close(l.done); return nil }
func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// inBothFrontEnds runs f in virtual time against a server with default options, once for each way to it.
func inBothFrontEnds(t *testing.T, f func(*testing.T, caller)) {
	t.Helper()
	t.Parallel()
	for name, open := range frontEnds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { f(t, open(t, nil)) })
		})
	}
}

// An outcome is all that a client can see of a request.
type outcome struct {
	status   int
	header   http.Header
	length   int64
	body     string
	bodyErr  error
	err      error
	headTook time.Duration
	took     time.Duration
}

// fields returns the body as a JSON object of strings, as token replies are.
func (o outcome) fields(t *testing.T) map[string]string {
	t.Helper()
	require.NoError(t, o.err)
	var fields map[string]string
	require.NoError(t, json.Unmarshal([]byte(o.body), &fields), o.body)
	return fields
}

// token returns the token of a success.
func (o outcome) token(t *testing.T) string {
	t.Helper()
	require.NoError(t, o.err)
	require.Equal(t, http.StatusOK, o.status, o.body)
	return o.fields(t)["access_token"]
}

func (c caller) send(r *http.Request) (o outcome) {
	start := time.Now()
	defer func() { o.took = time.Since(start) }()
	response, err := c.client.Do(r)
	o.headTook = time.Since(start)
	if err != nil {
		o.err = err
		return o
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	o.status, o.header, o.length, o.body, o.bodyErr = response.StatusCode, response.Header, response.ContentLength, string(body), err
	return o
}

// ask sends a proper token request, with more parameters if there are any.
func (c caller) ask(ctx context.Context, resource string, more ...string) outcome {
	return c.send(tokenRequest(ctx, c.server.URL, resource, more...))
}

func tokenRequest(ctx context.Context, base, resource string, more ...string) *http.Request {
	query := url.Values{"api-version": {"2018-02-01"}, "resource": {resource}}
	for i := 0; i < len(more); i += 2 {
		query.Add(more[i], more[i+1])
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/metadata/identity/oauth2/token?"+query.Encode(), nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Metadata", "true")
	return r
}

// get sends a plain GET, as a verifier does for keys.
func (c caller) get(t *testing.T, path string) outcome {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.server.URL+path, nil)
	require.NoError(t, err)
	return c.send(r)
}

// with returns a copy of m in which some members have other values.
func with(m map[string]string, changes map[string]string) map[string]string {
	m = maps.Clone(m)
	maps.Copy(m, changes)
	return m
}
