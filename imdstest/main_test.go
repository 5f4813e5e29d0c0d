package imdstest_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/pipe"
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
	return inMemoryOf(imdstest.New(opts))
}

func inMemoryOf(server *imdstest.Server) caller {
	return caller{server, &http.Client{Transport: server, CheckRedirect: stay}}
}

// overPipe serves the handler with a real http.Server through net.Pipe, because virtual time stops
// while a bubble waits for a real socket.
func overPipe(t *testing.T, opts *imdstest.Options) caller {
	t.Helper()
	server := imdstest.New(opts)
	transport := pipe.Transport(t, server, server.TLSConfig())
	transport.DisableKeepAlives = true
	t.Cleanup(server.Close) // before the transport's, which waits for what hangs
	return caller{server, &http.Client{Transport: transport, CheckRedirect: stay}}
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// inBothFrontEnds runs f in virtual time against a server with default options, once for each way
// to it.
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

// The package is for people who write tests: what only a program needs is in the engine. Each host
// has another method.
func TestServerIsSmall(t *testing.T) {
	t.Parallel()
	methods := reflect.TypeFor[*imdstest.Server]().NumMethod() - len(environments(imdstest.New(nil)))
	require.LessOrEqual(t, methods, 22)
	require.Equal(t, 11, reflect.TypeFor[*imdstest.Issuer]().NumMethod())
}
