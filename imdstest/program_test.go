package imdstest_test

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

	"github.com/seed-ac726066/aztoken/imdstest"
)

// A program of its own serves a Server at addresses that it chooses, under names that its clients use.
func TestAProgramServesOverHTTPSWhereItSays(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(&imdstest.Options{CertificateNames: []string{"imds.example", "192.0.2.1"}})
	t.Cleanup(srv.Close)
	listener := httptest.NewUnstartedServer(srv)
	listener.TLS = srv.TLSConfig()
	listener.StartTLS()
	t.Cleanup(listener.Close)
	srv.SecureURL = listener.URL
	require.Equal(t, listener.URL+"/", srv.WorkloadIdentity()["AZURE_AUTHORITY_HOST"])
	require.Equal(t, listener.URL, srv.ServiceFabric()["IDENTITY_ENDPOINT"][:len(listener.URL)])
	require.Equal(t, "http://imds.test", srv.IMDS()["AZURE_POD_IDENTITY_AUTHORITY_HOST"])

	pem, err := os.ReadFile(srv.CertificateFile())
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	for _, name := range []string{"imds.example", "192.0.2.1", "localhost", "127.0.0.1"} {
		conn, err := tls.Dial("tcp", listener.Listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: name})
		require.NoError(t, err, name)
		require.NoError(t, conn.Close())
	}
	_, err = tls.Dial("tcp", listener.Listener.Addr().String(), &tls.Config{RootCAs: roots, ServerName: "other.example"})
	require.ErrorAs(t, err, new(x509.HostnameError))
}

func TestASecretOfTheProgramsOwnIsThatOfEveryHost(t *testing.T) {
	t.Parallel()
	srv := imdstest.New(&imdstest.Options{Secret: "known"})
	t.Cleanup(srv.Close)
	require.Equal(t, "known", srv.AppService()["IDENTITY_HEADER"])
	require.Equal(t, "known", srv.ServiceFabric()["IDENTITY_HEADER"])
	require.Equal(t, "known", srv.AzureML()["MSI_SECRET"])
	for header, status := range map[string]int{"known": http.StatusOK, "": http.StatusUnauthorized} {
		req := httptest.NewRequest(http.MethodGet, srv.AppService()["IDENTITY_ENDPOINT"]+"?api-version=2019-08-01&resource=r", nil)
		req.Header.Set("X-Identity-Header", header)
		resp, err := srv.RoundTrip(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, status, resp.StatusCode)
	}
}

func TestEveryRequestIsToldOnceItIsOver(t *testing.T) {
	t.Parallel()
	var told atomic.Pointer[imdstest.Request]
	var count atomic.Int64
	srv := imdstest.NewServer(t, &imdstest.Options{OnRequest: func(r imdstest.Request) {
		told.Store(&r)
		count.Add(1)
	}})
	get := func(path string) {
		t.Helper()
		conn, err := net.Dial("tcp", srv.URL[len("http://"):])
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte("GET " + path + " HTTP/1.0\r\nMetadata: true\r\n\r\n"))
		require.NoError(t, err)
		buffer := make([]byte, 1)
		_, _ = conn.Read(buffer)
	}
	const ask = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r"
	for i, want := range []struct {
		fault  imdstest.Fault
		path   string
		host   string
		status int
		minted bool
	}{
		{imdstest.OK(), ask, "IMDS", 200, true},
		{imdstest.OK(), ask, "IMDS", 200, false},
		{imdstest.Status(503), ask, "IMDS", 503, false},
		{imdstest.Closed(), ask, "IMDS", 0, false},
		{imdstest.OK(), "/common/discovery/keys", "Entra ID", 200, false},
	} {
		srv.Break(want.fault)
		get(want.path)
		require.Eventually(t, func() bool { return count.Load() == int64(i+1) }, time.Minute, time.Millisecond)
		got := told.Load()
		require.Equal(t, want.host, got.Host)
		require.Equal(t, want.status, got.Status)
		require.Equal(t, want.minted, got.Minted)
		require.Equal(t, want.fault == imdstest.OK(), got.Fault == "")
	}
}
