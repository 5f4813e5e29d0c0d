package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"
)

func TestPin(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	right := sha1.Sum(srv.Certificate().Raw)
	wrong := sha1.Sum([]byte("another certificate"))
	almost := right
	almost[sha1.Size-1]++
	// This transport trusts the server's certificate without the pin.
	trusting := srv.Client().Transport.(*http.Transport)
	for name, given := range map[string]policy.Transporter{
		"our own client": nil,
		"the caller's":   &http.Client{Transport: &http.Transport{}},
		"a trusting one": &http.Client{Transport: trusting},
		"one of HTTP/2":  &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tc := range []struct {
				thumbprint [sha1.Size]byte
				ok         bool
			}{{right, true}, {wrong, false}, {almost, false}} {
				tr, err := newTransport(given, Reach{Thumbprint: tc.thumbprint[:]})
				require.NoError(t, err)
				defer tr.closeIdle()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
				require.NoError(t, err)
				resp, err := tr.Do(req)
				if !tc.ok {
					require.ErrorIs(t, err, ErrCertificate)
					require.False(t, noAnswer(err).Retry)
					continue
				}
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
			}
		})
	}
	require.Nil(t, trusting.TLSClientConfig.VerifyConnection, "the caller's transport stays as it was")
}

// TestPinChain: the pinned certificate behind another one is not accepted.
func TestPinChain(t *testing.T) {
	t.Parallel()
	thief, host := httptest.NewUnstartedServer(nil), httptest.NewTLSServer(nil)
	t.Cleanup(host.Close)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	own, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	require.NoError(t, err)
	// Certificates are public: anybody can send the host's along with one of their own.
	thief.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{own, host.Certificate().Raw}, PrivateKey: key}}}
	thief.Config.ErrorLog = log.New(io.Discard, "", 0)
	thief.StartTLS()
	t.Cleanup(thief.Close)
	right := sha1.Sum(host.Certificate().Raw)
	tr, err := newTransport(nil, Reach{Thumbprint: right[:]})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, thief.URL, nil)
	require.NoError(t, err)
	_, err = tr.Do(req)
	require.ErrorIs(t, err, ErrCertificate)
}

// TestPinHTTP2: a pinned connection is not used by the caller's HTTP/2.
func TestPinHTTP2(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Error("this test is about HTTP/2")
		}
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	right := sha1.Sum(srv.Certificate().Raw)
	tr, err := newTransport(&http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{"h2": func(string, *tls.Conn) http.RoundTripper {
			t.Error("the caller's HTTP/2 got the connection")
			return http.NewFileTransport(http.Dir("."))
		}},
		TLSClientConfig: &tls.Config{NextProtos: []string{"h2"}},
	}}, Reach{Thumbprint: right[:]})
	require.NoError(t, err)
	defer tr.closeIdle()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	require.NoError(t, err)
	resp, err := tr.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
}

func TestPinMistakes(t *testing.T) {
	t.Parallel()
	pinned := Reach{Thumbprint: make([]byte, sha1.Size)}
	for name, given := range map[string]policy.Transporter{
		"no http.Client":       doer{},
		"another RoundTripper": &http.Client{Transport: http.NewFileTransport(http.Dir("."))},
		"a TLS dialer": &http.Client{Transport: &http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, nil
		}}},
		//lint:ignore SA1019 where somebody still sets it, it bypasses the pin
		"a TLS dialer of old": &http.Client{Transport: &http.Transport{DialTLS: func(string, string) (net.Conn, error) { return nil, nil }}},
		"its own verification of the chain": &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return nil },
		}}},
		"its own verification of the connection": &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			VerifyConnection: func(tls.ConnectionState) error { return nil },
		}}},
	} {
		_, err := newTransport(given, pinned)
		require.ErrorIs(t, err, errCannotPin, name)
		_, err = newTransport(given, Reach{})
		require.NoError(t, err, name)
	}
}

type doer struct{}

func (doer) Do(*http.Request) (*http.Response, error) { return nil, nil }
