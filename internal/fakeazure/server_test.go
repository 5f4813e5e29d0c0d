package fakeazure_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, o fakeazure.Options) *fakeazure.Server {
	t.Helper()
	s, err := fakeazure.New(o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestNewNamesTheOptionThatIsWrong(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]fakeazure.Options{
		"TokenVersion is 3":         {TokenVersion: 3},
		"TokenVersion is -1":        {TokenVersion: -1},
		`OptionalClaims has "acct"`: {OptionalClaims: []string{"idtyp", "acct"}},
	} {
		_, err := fakeazure.New(o)
		require.ErrorContains(t, err, want)
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	s := start(t, fakeazure.Options{CertificateNames: []string{"imds.example", "192.0.2.1"}})
	listener := httptest.NewUnstartedServer(s)
	listener.TLS = s.Certificate().TLSConfig()
	listener.StartTLS()
	t.Cleanup(listener.Close)
	file, err := s.CertificateFile()
	require.NoError(t, err)
	pem, err := os.ReadFile(file)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	address := listener.Listener.Addr().String()
	for _, name := range []string{"imds.example", "192.0.2.1", "localhost", "127.0.0.1"} {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: name})
		require.NoError(t, err, name)
		require.NoError(t, conn.Close())
	}
	_, err = tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: "other.example"})
	require.ErrorAs(t, err, new(x509.HostnameError))
}

func TestSecret(t *testing.T) {
	t.Parallel()
	s := start(t, fakeazure.Options{Secret: "known"})
	const base = "http://imds.test"
	require.Equal(t, "known", s.AppService(base)["IDENTITY_HEADER"])
	require.Equal(t, "known", s.ContainerInstances(base)["IDENTITY_HEADER"])
	require.Equal(t, "known", s.ServiceFabric(base)["IDENTITY_HEADER"])
	require.Equal(t, "known", s.AzureML(base)["MSI_SECRET"])
	for header, status := range map[string]int{"known": http.StatusOK, "": http.StatusUnauthorized} {
		req := httptest.NewRequest(http.MethodGet, s.AppService(base)["IDENTITY_ENDPOINT"]+"?api-version=2019-08-01&resource=r", nil)
		req.Header.Set("X-Identity-Header", header)
		resp, err := s.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, status, resp.StatusCode)
	}
}

func TestOnRequestIsCalledOnceARequestIsOver(t *testing.T) {
	t.Parallel()
	var told atomic.Pointer[wirelog.Request]
	var count atomic.Int64
	s := start(t, fakeazure.Options{OnRequest: func(r wirelog.Request) {
		told.Store(&r)
		count.Add(1)
	}})
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	get := func(path string) {
		t.Helper()
		conn, err := net.Dial("tcp", listener.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte("GET " + path + " HTTP/1.0\r\nMetadata: true\r\n\r\n"))
		require.NoError(t, err)
		buffer := make([]byte, 1)
		_, _ = conn.Read(buffer)
	}
	const ask = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r"
	for i, want := range []struct {
		fault  fault.Fault
		path   string
		host   string
		status int
		minted bool
	}{
		{fault.OK(), ask, "IMDS", 200, true},
		{fault.OK(), ask, "IMDS", 200, false},
		{fault.Status(503), ask, "IMDS", 503, false},
		{fault.Closed(), ask, "IMDS", 0, false},
		{fault.OK(), "/common/discovery/keys", "Entra ID", 200, false},
	} {
		s.Tokens.Break(want.fault)
		get(want.path)
		require.Eventually(t, func() bool { return count.Load() == int64(i+1) }, time.Minute, time.Millisecond)
		got := told.Load()
		require.Equal(t, want.host, got.Host)
		require.Equal(t, want.status, got.Status)
		require.Equal(t, want.minted, got.Minted)
		require.Equal(t, want.fault == fault.OK(), got.Fault == "")
	}
}
