package aztoken_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/internal/pipe"
	"github.com/seed-ac726066/aztoken/internal/virtualtime"
)

const resource = "https://orders.example.com"

// claims are what a service asks for whose policy has changed since the token was issued.
const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`

var claimsChallenge = `Bearer realm="", error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(claims)) + `"`

// noHost is an environment that names no host, on any machine.
func noHost(string) string { return "" }

// inVirtualTime runs a parallel subtest in virtual time, of which it may spend days.
var inVirtualTime = virtualtime.Run

// Clients.

// over returns a client of srv without a socket between them, for tests in virtual time. Unless
// opts say otherwise the host is a virtual machine.
func over(t *testing.T, srv *imdstest.Server, opts aztoken.Options) *aztoken.Client {
	t.Helper()
	opts.Transport = srv
	if opts.Getenv == nil {
		opts.Getenv = noHost
	}
	return newClient(t, opts)
}

// overFunc returns a client of an endpoint that answers 200 with what body returns.
func overFunc(t *testing.T, body func() string) *aztoken.Client {
	t.Helper()
	opts := aztoken.Options{Getenv: noHost}
	opts.Transport = handlerTransport(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body()) })
	return newClient(t, opts)
}

// ofCredential returns a client whose source of tokens is f.
func ofCredential(t *testing.T, f func(context.Context) (azcore.AccessToken, error)) *aztoken.Client {
	t.Helper()
	return newClient(t, aztoken.Options{Credential: source(f)})
}

func newClient(t *testing.T, opts aztoken.Options) *aztoken.Client {
	t.Helper()
	c, err := aztoken.NewClient(&opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// Sources of tokens.

// credential is a source without a network.
type credential func(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error)

func (f credential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f(ctx, o)
}

// source is a credential that ignores what it is asked for.
type source func(context.Context) (azcore.AccessToken, error)

func (f source) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return f(ctx)
}

// counting is a source of tokens token-1, token-2 and so on, that records the claims it was asked
// for.
type counting struct{ claims []string }

func (s *counting) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	s.claims = append(s.claims, o.Claims)
	return accessToken(fmt.Sprint("token-", len(s.claims)), 24*time.Hour), nil
}

// accessToken returns a token that ends after life.
func accessToken(value string, life time.Duration) azcore.AccessToken {
	return azcore.AccessToken{Token: value, ExpiresOn: time.Now().Add(life)}
}

// Callers.

// callers asks for a token from n goroutines at once, each with its own deadline, 0 for none. It
// returns the errors and the longest time that a caller took beyond its deadline.
func callers(t *testing.T, c *aztoken.Client, n int, deadline time.Duration) (errs []error, late time.Duration) {
	t.Helper()
	errs = make([]error, n)
	took := make([]time.Duration, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			ctx := t.Context()
			if deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, deadline)
				defer cancel()
			}
			start := time.Now()
			_, errs[i] = c.Token(ctx, resource)
			took[i] = time.Since(start)
		})
	}
	wg.Wait()
	for _, d := range took {
		late = max(late, d-deadline)
	}
	return errs, late
}

// usage counts the results of a caller that asks for a token once a minute.
type usage struct {
	calls, failed, waited, expired int
	firstFailure, lastFailure      time.Time
	tokens                         map[string]bool
}

// use asks for a token every minute for d. A call waits if any virtual time passes in it while a
// valid token is held.
func use(t *testing.T, c *aztoken.Client, d time.Duration) usage {
	t.Helper()
	u := usage{tokens: map[string]bool{}}
	var held aztoken.Token
	next := time.Now()
	for end := next.Add(d); next.Before(end); next = next.Add(time.Minute) {
		time.Sleep(time.Until(next))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		tok, err := c.Token(ctx, resource)
		cancel()
		u.calls++
		if time.Since(start) > 0 && held.ExpiresOn.Sub(start) > 3*time.Second {
			u.waited++
		}
		if err != nil {
			u.failed++
			if u.firstFailure.IsZero() {
				u.firstFailure = start
			}
			u.lastFailure = start
			continue
		}
		if !tok.ExpiresOn.After(time.Now()) {
			u.expired++
		}
		held = tok
		u.tokens[tok.Value()] = true
	}
	synctest.Wait() // from here on the counts of refreshes and callbacks may be read
	return u
}

func requireNoHarm(t *testing.T, u usage) {
	t.Helper()
	require.Zero(t, u.failed, "failed calls")
	require.Zero(t, u.waited, "calls that waited with a valid token held")
	require.Zero(t, u.expired, "expired tokens")
}

// handler is a slog.Handler that does something else than to log.
type handler struct{ do func() }

func (handler) Enabled(context.Context, slog.Level) bool    { return true }
func (h handler) Handle(context.Context, slog.Record) error { h.do(); return nil }
func (h handler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h handler) WithGroup(string) slog.Handler             { return h }

// awake is closed when a test ends, before its client, so that no callback keeps sleeping.
type awake chan struct{}

func (a awake) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-a:
	}
}

// took returns how much virtual time f takes.
func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// heapInUse returns what the process holds on its heap.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Outages.

// outages are the ways in which an endpoint can fail.
var outages = []imdstest.Fault{
	imdstest.Status(503), imdstest.Status(429), imdstest.Status(429).WithRetryAfter(24 * time.Hour), imdstest.Status(410), imdstest.Status(400),
	imdstest.Refused(), imdstest.Dropped(), imdstest.Hang(), imdstest.Closed(), imdstest.Truncated(), imdstest.NotJSON(), imdstest.EntraDown(),
}

// forEachOutage runs f in virtual time for each outage and several times of its begin, an hour
// after the token was acquired and then every so often for a day.
func forEachOutage(t *testing.T, name string, every time.Duration, f func(t *testing.T, fault imdstest.Fault, start time.Duration)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for _, fault := range outages {
			for start := time.Hour; start <= 25*time.Hour; start += every {
				inVirtualTime(t, fmt.Sprintf("%v after %v", fault, start), func(t *testing.T) { f(t, fault, start) })
			}
		}
	})
}

// Hosts.

// platform is a kind of host that imdstest plays.
type platform struct {
	name  string
	on    func(*imdstest.Server) imdstest.Environment
	takes []string // the kinds of id, as named in ids
	asks  int      // how many requests a token takes
}

var platforms = []platform{
	{"IMDS", (*imdstest.Server).IMDS, []string{"default", "client id", "object id", "resource id"}, 1},
	{"App Service", (*imdstest.Server).AppService, []string{"default", "client id", "object id", "resource id"}, 1},
	{"Container Instances on Windows", (*imdstest.Server).ContainerInstances, []string{"default", "object id"}, 1},
	{"Azure Arc", (*imdstest.Server).Arc, []string{"default", "client id", "object id", "resource id"}, 2},
	{"Service Fabric", (*imdstest.Server).ServiceFabric, []string{"default"}, 1},
	{"Cloud Shell", (*imdstest.Server).CloudShell, []string{"default"}, 1},
	{"Azure ML", (*imdstest.Server).AzureML, []string{"default", "client id"}, 1},
	{"workload identity", (*imdstest.Server).WorkloadIdentity, []string{"default", "client id"}, 1},
	{"identity binding", (*imdstest.Server).IdentityBinding, []string{"default", "client id"}, 1},
}

func on(name string) platform {
	return platforms[slices.IndexFunc(platforms, func(p platform) bool { return p.name == name })]
}

const (
	ownOID   = "0b000000-0000-4000-8000-00000000000a"
	otherOID = "0b000000-0000-4000-8000-00000000000b"
	otherARM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/other"
)

// twoIdentities are a machine's own identity, and one that has to be named.
var twoIdentities = imdstest.Options{Identities: []imdstest.Identity{
	{SystemAssigned: true, ClientID: "c0000000-0000-4000-8000-00000000000a", ObjectID: ownOID},
	{ClientID: "c0000000-0000-4000-8000-00000000000b", ObjectID: otherOID, ResourceID: otherARM},
}}

// ids are the ways to name an identity, and the object id of the one that is named.
var ids = map[string]struct {
	id  aztoken.ID
	oid string
}{
	"default":     {nil, ownOID},
	"client id":   {aztoken.ClientID("c0000000-0000-4000-8000-00000000000b"), otherOID},
	"object id":   {aztoken.ObjectID(otherOID), otherOID},
	"resource id": {aztoken.ResourceID(otherARM), otherOID},
}

// onEveryHost runs f in virtual time for each platform and each kind of id that it takes.
func onEveryHost(t *testing.T, name string, f func(t *testing.T, p platform, id string)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		for _, p := range platforms {
			for _, id := range p.takes {
				inVirtualTime(t, p.name+", "+id, func(t *testing.T) { f(t, p, id) })
			}
		}
	})
}

// machine is a host of some platform.
type machine struct {
	*imdstest.Server
	platform platform
	env      imdstest.Environment
	keys     string // the directory of Arc's keys
}

func (p platform) machine(t *testing.T, opts imdstest.Options) machine {
	t.Helper()
	opts.ArcKeyDir = t.TempDir()
	srv := imdstest.New(&opts)
	t.Cleanup(srv.Close)
	return machine{srv, p, p.on(srv), opts.ArcKeyDir}
}

// client returns what aztoken.NewClient returns on m, with no socket between them.
func (m machine) client(t *testing.T, opts aztoken.Options) (*aztoken.Client, error) {
	t.Helper()
	opts.Getenv = m.env.Get
	opts.Transport = m.Server
	switch m.platform.name {
	case "Service Fabric":
		// Its certificate is pinned, so there must be one.
		served := certificate.New()
		m.env["IDENTITY_SERVER_THUMBPRINT"] = served.Thumbprint()
		opts.Transport = &http.Client{Transport: pipe.Transport(t, m.Server, served.TLSConfig())}
		t.Cleanup(m.Close)
	case "identity binding":
		// Its proxy has its own name and authority.
		opts.Transport = &http.Client{Transport: pipe.Transport(t, m.Server, m.TLSConfig())}
		t.Cleanup(m.Close)
	}
	c, err := aztoken.NewClientWithKeys(&opts, m.keys)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, c.Close()) })
	}
	return c, err
}

// requireNoSecret fails the test if text shows a secret of m.
func (m machine) requireNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range []string{m.env["IDENTITY_HEADER"], m.env["MSI_SECRET"], "eyJ", "Authorization: Basic"} {
		if s != "" {
			require.NotContains(t, text, s)
		}
	}
}

func sha256Of(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Services and their networks.

// handlerTransport is a transport without a network in front of a handler.
type handlerTransport http.HandlerFunc

func (h handlerTransport) Do(r *http.Request) (*http.Response, error) { return h.RoundTrip(r) }

func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w, received := httptest.NewRecorder(), r.Clone(r.Context())
	if received.Body == nil {
		received.Body = http.NoBody // as a server has it
	}
	h(w, received)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// network is a set of services by scheme and host, without sockets.
type network map[string]http.HandlerFunc

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	h := n[r.URL.Scheme+"://"+r.URL.Host]
	if h == nil {
		return nil, errors.New("no such host: " + r.URL.Host)
	}
	return handlerTransport(h).RoundTrip(r)
}

// roundTripper is a Base that is a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// seen records the Authorization header of each request to a service that answers 200.
type seen struct {
	mu      sync.Mutex
	headers []string
}

func (s *seen) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers = append(s.headers, r.Header.Get("Authorization"))
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) }
}

// picky is a service that rejects some tokens.
type picky struct {
	reject    func(token string) bool
	challenge string
	mu        sync.Mutex
	tokens    []string
	bodies    []string
}

func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.tokens, p.bodies = append(p.tokens, token), append(p.bodies, string(got))
	if !p.reject(token) {
		return
	}
	if p.challenge != "" {
		w.Header().Set("WWW-Authenticate", p.challenge)
	}
	w.WriteHeader(http.StatusUnauthorized)
}

func (p *picky) client(c *aztoken.Client) *http.Client {
	return c.Wrap(&http.Client{Transport: network{"https://api.example.com": p.ServeHTTP}}, resource)
}

// all and only are what a picky service rejects.
func all(string) bool { return true }

func only(rejected aztoken.Token) func(string) bool {
	return func(token string) bool { return token == rejected.Value() }
}

// body records how much of it was read, and that it was closed.
type body struct {
	io.Reader
	read   atomic.Int64
	closed atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *body) Close() error {
	b.closed.Store(true)
	if c, ok := b.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
