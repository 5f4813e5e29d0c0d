package imdstest_test

import (
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestCertificateHasTheThumbprintOfTheEnvironment(t *testing.T) {
	t.Parallel()
	server := imdstest.NewServer(t, nil)
	environment := server.ServiceFabric()
	address, err := url.Parse(environment["IDENTITY_ENDPOINT"])
	require.NoError(t, err)
	connection, err := tls.Dial("tcp", address.Host, &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	defer connection.Close()
	served := connection.ConnectionState().PeerCertificates[0]
	require.Equal(t, fmt.Sprintf("%X", sha1.Sum(served.Raw)), environment["IDENTITY_SERVER_THUMBPRINT"])
	require.Equal(t, environment, server.ServiceFabric(), "and stays so")
	require.NotEqual(t, environment["IDENTITY_SERVER_THUMBPRINT"], imdstest.New(nil).ServiceFabric()["IDENTITY_SERVER_THUMBPRINT"])
}

func TestCertificateFileIsARoot(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	content, err := os.ReadFile(server.CertificateFile())
	require.NoError(t, err)
	block, rest := pem.Decode(content)
	require.Empty(t, rest)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.Equal(t, server.TLSConfig().Certificates[0].Leaf.Raw, certificate.Raw)
	require.True(t, certificate.IsCA)
	require.Equal(t, x509.ECDSA, certificate.PublicKeyAlgorithm)

	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(content))
	for _, name := range []string{"localhost", "imds.test", "127.0.0.1", "::1"} {
		for _, year := range []int{2000, 2026, 2098} {
			_, err := certificate.Verify(x509.VerifyOptions{
				Roots: roots, DNSName: name, CurrentTime: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC),
			})
			require.NoError(t, err)
		}
	}
	file := server.CertificateFile()
	server.Close()
	require.NoFileExists(t, file)
	require.PanicsWithValue(t, "imdstest: writing the file certificate.pem: the server is closed", func() { server.CertificateFile() })
}

func TestClientTrustsTheServer(t *testing.T) {
	t.Parallel()
	server := imdstest.NewServer(t, nil)
	g := on(caller{server, server.Client()}, "workload identity")
	require.True(t, strings.HasPrefix(g.environment["AZURE_AUTHORITY_HOST"], "https://127.0.0.1:"))
	require.Equal(t, http.StatusOK, g.ask(t, vault).status)
	require.Equal(t, http.StatusOK, g.caller.ask(t.Context(), vault).status, "over http too")
	require.Error(t, caller{server, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}.send(g.request(t, vault)).err, "nobody else does")

	without := imdstest.New(nil)
	defer without.Close()
	require.Equal(t, http.StatusOK, on(caller{without, without.Client()}, "workload identity").ask(t, vault).status)
}

func TestRoundTripHasTheCertificate(t *testing.T) {
	t.Parallel()
	g := on(inMemory(t, nil), "Service Fabric")
	response, err := g.server.RoundTrip(g.request(t, vault))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, g.environment["IDENTITY_SERVER_THUMBPRINT"], fmt.Sprintf("%X", sha1.Sum(response.TLS.PeerCertificates[0].Raw)))
	require.Equal(t, "imds.test", response.TLS.ServerName)

	response, err = g.server.RoundTrip(tokenRequest(t.Context(), g.server.URL, vault))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Nil(t, response.TLS)
}

func TestServeHTTPServesTheSecureHostsToo(t *testing.T) {
	t.Parallel()
	server := imdstest.New(nil)
	t.Cleanup(server.Close)
	listener := httptest.NewUnstartedServer(server)
	listener.TLS = server.TLSConfig()
	listener.EnableHTTP2 = true
	listener.StartTLS()
	t.Cleanup(listener.Close)
	server.URL = listener.URL
	for _, host := range []string{"Service Fabric", "workload identity", "identity binding", "App Service"} {
		require.Equal(t, http.StatusOK, on(caller{server, listener.Client()}, host).ask(t, vault).status)
	}
}

func TestNewServerEndsTheSecureListenerWithTheTest(t *testing.T) {
	t.Parallel()
	var g guest
	t.Run("inner", func(t *testing.T) {
		server := imdstest.NewServer(t, nil)
		g = on(caller{server, &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		}}}, "Service Fabric")
		require.Equal(t, http.StatusOK, g.ask(t, vault).status)
	})
	require.Error(t, g.ask(t, vault).err)
	require.PanicsWithValue(t, "imdstest: the server is closed", func() { g.server.Client() })
}

func TestNewWorksOverHTTPSInManyBubbles(t *testing.T) {
	t.Parallel()
	opts := withFiles(t, imdstest.Options{MintAfter: -1})
	server := imdstest.New(opts)
	t.Cleanup(server.Close)
	for host := range hosts {
		for range 2 {
			t.Run(host, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					got := on(caller{server, server.Client()}, host).ask(t, vault)
					require.Equal(t, http.StatusOK, got.status, got.body)
				})
			})
		}
	}
	require.Equal(t, http.StatusOK, on(caller{server, server.Client()}, "Service Fabric").ask(t, vault).status, "and outside")
}
