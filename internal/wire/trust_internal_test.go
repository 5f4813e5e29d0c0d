package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
)

// tlsServer is a server whose certificate can be replaced.
type tlsServer struct {
	*httptest.Server
	cert  atomic.Pointer[certificate.Certificate]
	asked atomic.Value // the server name of the last handshake
	conns atomic.Int64
}

func newTLSServer(t *testing.T, cert certificate.Certificate) *tlsServer {
	t.Helper()
	s := &tlsServer{}
	s.cert.Store(&cert)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		s.asked.Store(hello.ServerName)
		s.conns.Add(1)
		return s.cert.Load().TLSConfig(), nil
	}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // its side of the handshakes that fail
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// trusting returns a transport of a caller that has a certificate among its authorities.
func trusting(cert certificate.Certificate) *http.Transport {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert.PEM())
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}

func get(t *testing.T, tr *transport, url string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := tr.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func TestTrust(t *testing.T) {
	t.Parallel()
	cert := certificate.New("abc.ests.aks")
	srv := newTLSServer(t, cert)
	fixed := func(c certificate.Certificate) *Roots {
		roots, err := NewRoots(func() ([]byte, error) { return c.PEM(), nil })
		require.NoError(t, err)
		return roots
	}
	trusting := trusting(cert)
	careless := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	//lint:ignore SA1019 somebody still sets it
	old := &http.Transport{Dial: net.Dial}
	//lint:ignore SA1019 where both are set net/http uses the other
	both := &http.Transport{DialContext: new(net.Dialer).DialContext, Dial: func(string, string) (net.Conn, error) { return nil, net.ErrClosed }}
	for name, tc := range map[string]struct {
		given policy.Transporter
		reach Reach
		sni   string
		ok    bool
	}{
		"its own authority":                      {nil, Reach{Roots: fixed(cert)}, "", true},
		"and a name that the certificate is for": {nil, Reach{Roots: fixed(cert), ServerName: "abc.ests.aks"}, "abc.ests.aks", true},
		"a name that it is not for":              {nil, Reach{Roots: fixed(cert), ServerName: "abd.ests.aks"}, "abd.ests.aks", false},
		"another authority":                      {nil, Reach{Roots: fixed(certificate.New()), ServerName: "abc.ests.aks"}, "abc.ests.aks", false},
		"the system's authorities":               {nil, Reach{ServerName: "abc.ests.aks"}, "abc.ests.aks", false},
		"a client that trusts the server":        {&http.Client{Transport: trusting}, Reach{Roots: fixed(certificate.New())}, "", false},
		"a client that trusts every server":      {&http.Client{Transport: careless}, Reach{Roots: fixed(certificate.New())}, "", false},
		"a client of the caller's":               {&http.Client{Transport: &http.Transport{}}, Reach{Roots: fixed(cert)}, "", true},
		"one with a dialer of old":               {&http.Client{Transport: old}, Reach{Roots: fixed(cert)}, "", true},
		"one with both dialers":                  {&http.Client{Transport: both}, Reach{Roots: fixed(cert)}, "", true},
		"a name, for the caller's authorities":   {&http.Client{Transport: trusting}, Reach{ServerName: "abc.ests.aks"}, "abc.ests.aks", true},
		"one of HTTP/2":                          {&http.Client{Transport: http.DefaultTransport}, Reach{Roots: fixed(cert)}, "", true},
	} {
		t.Run(name, func(t *testing.T) { // not in parallel: each asks the server for its name
			tc.reach.Place = Cluster
			tr, err := newTransport(tc.given, tc.reach)
			require.NoError(t, err)
			defer tr.closeIdle()
			err = get(t, tr, srv.URL)
			require.Equal(t, tc.sni, srv.asked.Load())
			if tc.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
		})
	}
	require.Nil(t, trusting.DialTLSContext, "the caller's transport stays as it was")
}

// TestTrustHTTP2: the locked client has its own connections. The caller's client, which would share
// one of HTTP/2, trusts others.
func TestTrustHTTP2(t *testing.T) {
	t.Parallel()
	cert := certificate.New()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Proto", r.Proto) }))
	srv.EnableHTTP2, srv.TLS = true, cert.TLSConfig()
	srv.StartTLS()
	t.Cleanup(srv.Close)
	roots, err := NewRoots(func() ([]byte, error) { return cert.PEM(), nil })
	require.NoError(t, err)
	given := srv.Client()
	resp, err := given.Get(srv.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "HTTP/2.0", resp.Header.Get("Proto"))
	tr, err := newTransport(given, Reach{Place: Cluster, Roots: roots})
	require.NoError(t, err)
	defer tr.closeIdle()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	require.NoError(t, err)
	resp, err = tr.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "HTTP/1.1", resp.Header.Get("Proto"))
}

// TestTrustHandshake: a handshake that fails or takes too long leaves no connection behind.
func TestTrustHandshake(t *testing.T) {
	t.Parallel()
	handshake := func(t *testing.T, dial dialFunc) (closed bool) {
		var isClosed atomic.Bool
		given := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return closing{conn, &isClosed}, err
		}}}
		roots, err := NewRoots(func() ([]byte, error) { return certificate.New().PEM(), nil })
		require.NoError(t, err)
		tr, err := newTransport(given, Reach{Place: Cluster, Roots: roots})
		require.NoError(t, err)
		require.Error(t, get(t, tr, "https://kubernetes.default"))
		return isClosed.Load()
	}
	t.Run("by a strange certificate", func(t *testing.T) {
		t.Parallel()
		srv := newTLSServer(t, certificate.New())
		require.True(t, handshake(t, func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
		}))
	})
	t.Run("by silence", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			start := time.Now()
			require.True(t, handshake(t, func(context.Context, string, string) (net.Conn, error) { return near, nil }))
			require.Equal(t, laterDial, time.Since(start))
			require.NoError(t, far.Close())
		})
	})
}

// closing notes that a connection was closed.
type closing struct {
	net.Conn
	closed *atomic.Bool
}

func (c closing) Close() error {
	c.closed.Store(true)
	return c.Conn.Close()
}

// TestTransportAfterAFailure: no connection outlives a failed request, because a dead one can look
// idle for minutes (client-go 374).
func TestTransportAfterAFailure(t *testing.T) {
	t.Parallel()
	cert := certificate.New()
	srv := newTLSServer(t, cert)
	tr, err := newTransport(&http.Client{Transport: trusting(cert)}, Reach{Place: Internet})
	require.NoError(t, err)
	defer tr.closeIdle()
	require.NoError(t, get(t, tr, srv.URL))
	require.NoError(t, get(t, tr, srv.URL))
	require.EqualValues(t, 1, srv.conns.Load())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
	require.NoError(t, err)
	_, err = tr.Do(req)
	require.Error(t, err)
	require.NoError(t, get(t, tr, srv.URL))
	require.EqualValues(t, 2, srv.conns.Load())
}

// TestTrustRotation: an authority that was replaced is no longer trusted, and connections that
// relied on it are made again.
func TestTrustRotation(t *testing.T) {
	t.Parallel()
	one, two := certificate.New(), certificate.New()
	srv := newTLSServer(t, one)
	content := one.PEM()
	roots, err := NewRoots(func() ([]byte, error) { return content, nil })
	require.NoError(t, err)
	tr, err := newTransport(nil, Reach{Place: Cluster, Roots: roots})
	require.NoError(t, err)
	defer tr.closeIdle()
	require.NoError(t, get(t, tr, srv.URL))
	require.NoError(t, get(t, tr, srv.URL))
	require.EqualValues(t, 1, srv.conns.Load(), "a connection is used again")

	content = two.PEM()
	require.Error(t, get(t, tr, srv.URL), "the server has the old certificate still")
	srv.cert.Store(&two)
	require.NoError(t, get(t, tr, srv.URL))
	content = nil
	require.NoError(t, get(t, tr, srv.URL), "the file is empty while it is replaced")
}

// TestTrustMistakes: a transport that cannot be limited to the authorities is refused.
func TestTrustMistakes(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	for name, given := range map[string]policy.Transporter{
		"no http.Client":    &transport{},
		"no http.Transport": &http.Client{Transport: http.NewFileTransport(http.Dir("."))},
		"a TLS dialer":      &http.Client{Transport: &http.Transport{DialTLSContext: dial}},
	} {
		for _, reach := range []Reach{{Place: Cluster, ServerName: "abc.ests.aks"}, {Place: Cluster, Roots: &Roots{}}} {
			_, err := newTransport(given, reach)
			require.ErrorIs(t, err, errCannotTrust, name)
		}
	}
}

// TestRotationFailure: a certificate of an authority that this machine does not have yet is worth
// another try or two.
func TestRotationFailure(t *testing.T) {
	t.Parallel()
	srv := newTLSServer(t, certificate.New())
	roots, err := NewRoots(func() ([]byte, error) { return certificate.New().PEM(), nil })
	require.NoError(t, err)
	c, err := NewClient(Config{Module: "aztoken", Version: "v0.1.0", Reach: Reach{Place: Cluster, Roots: roots}})
	require.NoError(t, err)
	defer c.Close()
	req, err := runtime.NewRequest(t.Context(), http.MethodGet, srv.URL)
	require.NoError(t, err)
	_, err = c.Do(req)
	var f *Failure
	require.ErrorAs(t, err, &f)
	require.True(t, f.Retry)
	require.Equal(t, maxStaleRetries, f.MaxRetries)
	require.False(t, f.Unreachable)
}
