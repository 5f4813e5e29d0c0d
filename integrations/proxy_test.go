package integrations_test

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// Entra ID is reached like the rest of the internet, through the proxy in the environment.
func TestWorkloadIdentityGoesThroughTheProxy(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, machine())
	env := maps.Clone(srv.WorkloadIdentity())
	entra, err := url.Parse(env.Get("AZURE_AUTHORITY_HOST"))
	require.NoError(t, err)
	p := startProxy(t, entra.Host)
	env["AZURE_AUTHORITY_HOST"] = "https://imds.test/" // no resolver knows this name

	resource := resourceOf(t)
	token, err := runChild(t, append(p.environ(env), "SSL_CERT_FILE="+srv.CertificateFile()), want{Resource: resource})
	require.NoError(t, err)
	requireToken(t, srv, token, resource, workloadIdentity.expected(env, byDefault))
	require.NotEmpty(t, p.requests())
	for _, r := range p.requests() {
		require.Equal(t, "CONNECT imds.test:443", r)
	}
}

// The endpoint of a host is on the host. A proxy would get tokens for its own machine and see ours.
func TestEndpointsOfTheHostAreNotAskedThroughTheProxy(t *testing.T) {
	srv := imdstest.New(machine())
	atTheRealAddress(t, srv)
	p := startProxy(t, imdsAddress+":80")
	for name, env := range map[string]imdstest.Environment{
		"IMDS":                           {},
		"App Service":                    moved(srv.AppService(), srv.URL),
		"Container Instances on Windows": moved(srv.ContainerInstances(), srv.URL),
		"Azure ML":                       moved(srv.AzureML(), srv.URL),
		"Cloud Shell":                    moved(srv.CloudShell(), srv.URL),
	} {
		t.Run(name, func(t *testing.T) {
			resource := resourceOf(t)
			token, err := runChild(t, p.environ(env), want{Resource: resource})
			require.NoError(t, err)
			_, err = srv.Claims(token)
			require.NoError(t, err)
		})
	}
	require.Empty(t, p.requests())
}

// moved returns env with the host moved to the address of IMDS. No client uses a proxy for
// loopback, so a test there would show nothing.
func moved(env imdstest.Environment, from string) imdstest.Environment {
	env = maps.Clone(env)
	for name, value := range env {
		env[name] = strings.Replace(value, from, "http://"+imdsAddress, 1)
	}
	return env
}

// A proxy connects every client to one address, whichever it requests.
type proxy struct {
	url     string
	address string

	mu    sync.Mutex
	asked []string
}

func startProxy(t *testing.T, address string) *proxy {
	t.Helper()
	p := &proxy{address: address}
	served := httptest.NewServer(p)
	p.url = served.URL
	t.Cleanup(served.Close)
	return p
}

// environ returns the environment of a program on a host whose traffic must go through the proxy.
func (p *proxy) environ(env imdstest.Environment) []string {
	environ := env.Environ()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		environ = append(environ, name+"="+p.url, strings.ToLower(name)+"="+p.url)
	}
	return append(environ, "NO_PROXY=", "no_proxy=")
}

// requests returns the method and target of the requests received.
func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.RequestURI)
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		http.Error(w, "this proxy only connects", http.StatusBadGateway)
		return
	}
	server, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", p.address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer client.Close()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	join(r.Context(), client, server)
}

// join copies data in both directions until one side closes.
func join(ctx context.Context, client, server net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var passing sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		passing.Go(func() {
			defer cancel()
			_, _ = io.Copy(way[0], way[1])
		})
	}
	<-ctx.Done()
	client.Close()
	server.Close()
	passing.Wait()
}
