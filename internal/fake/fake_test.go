package fake_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/fake"
	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		http.DefaultClient.CloseIdleConnections()
		os.Exit(status)
	}))
}

// serve lets f answer until stop is called, which waits for its end.
func serve(t *testing.T, f *fake.Fake) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Serve(ctx) }()
	return func() {
		cancel()
		require.NoError(t, <-ended)
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{ArcKeyDir: t.TempDir()})
	for _, h := range fake.Hosts() {
		if h == fake.Arc {
			continue // its clients read keys from the agent's directory alone
		}
		env, err := f.Environment(h)
		require.NoError(t, err)
		require.NotEmpty(t, h.Title())
		require.NotEqual(t, string(h), h.Title())
		opts := &aztoken.Options{Getenv: func(name string) string { return env[name] }}
		if h == fake.WorkloadIdentity {
			opts.Transport = trusting(t, f)
		}
		client, err := aztoken.NewClient(opts)
		require.NoError(t, err)
		requireToken(t, f, client, "https://orders.example.com")
		require.NoError(t, client.Close())
	}
}

func requireToken(t *testing.T, f *fake.Fake, client *aztoken.Client, resource string) {
	t.Helper()
	token, err := client.Token(t.Context(), resource)
	require.NoError(t, err)
	claims, err := f.Machine.Issuer().Claims(token.Value())
	require.NoError(t, err)
	require.Equal(t, resource, claims["aud"])
}

func TestRotateProxyCA(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{})
	env, err := f.Environment(fake.IdentityBinding)
	require.NoError(t, err)
	client, err := aztoken.NewClient(&aztoken.Options{Getenv: func(name string) string { return env[name] }})
	require.NoError(t, err)
	defer client.Close()
	requireToken(t, f, client, "https://orders.example.com")
	before, err := os.ReadFile(env["AZURE_KUBERNETES_CA_FILE"])
	require.NoError(t, err)
	status, _ := post(t, f.ControlURL+"/rotate-proxy-ca", "")
	require.Equal(t, http.StatusOK, status)
	after, err := os.ReadFile(env["AZURE_KUBERNETES_CA_FILE"])
	require.NoError(t, err)
	require.NotEqual(t, before, after)
	requireToken(t, f, client, "https://vault.example.com")
}

func TestEnvironmentWithApplications(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{ArcKeyDir: t.TempDir(), Applications: []platform.Application{{}}})
	for _, h := range fake.Hosts() {
		env, err := f.Environment(h)
		require.NoError(t, err)
		require.Equal(t, f.SecureURL+"/", env["AZURE_AUTHORITY_HOST"], h)
		for _, name := range []string{"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"} {
			require.FileExists(t, env[name], h)
		}
	}
	plain, err := fake.Listen(fake.Options{Listen: "127.0.0.1:0", Machine: fakeazure.Options{Applications: []platform.Application{{}}}})
	require.NoError(t, err)
	defer plain.Close()
	_, err = plain.Environment(fake.IMDS)
	require.ErrorContains(t, err, "--listen-tls")
}

// trusting returns a client that trusts the certificate which the control address gives.
func trusting(t *testing.T, f *fake.Fake) *http.Client {
	t.Helper()
	_, pem := get(t, f.ControlURL+"/certificate")
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(pem)))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestEnvironmentMistakes(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	f, err := fake.Listen(fake.Options{Listen: "127.0.0.1:0", Machine: fakeazure.Options{ArcKeyDir: file + "/below"}})
	require.NoError(t, err)
	defer f.Close()
	for _, h := range []fake.Host{fake.ServiceFabric, fake.WorkloadIdentity, fake.IdentityBinding} {
		_, err = f.Environment(h)
		require.ErrorContains(t, err, "--listen-tls")
	}
	_, err = f.Environment(fake.Arc)
	require.ErrorContains(t, err, "--arc-key-dir")
	require.Empty(t, f.SecureURL)
	require.Empty(t, f.ControlURL)
}

func TestListenMistakes(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for address, want := range map[string]string{
		taken.Addr().String(): "another program listens there",
		"192.0.2.1:0":         "ip addr add",
		"nowhere":             "use another address",
	} {
		for _, o := range []fake.Options{
			{Listen: address},
			{Listen: "127.0.0.1:0", ListenTLS: address},
			{Listen: "127.0.0.1:0", Control: address},
		} {
			_, err := fake.Listen(o)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, address)
		}
	}
}

// TestServeEnd: a hanging request does not delay the end.
func TestServeEnd(t *testing.T) {
	t.Parallel()
	f, err := fake.Listen(fake.Options{Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	stop := serve(t, f)
	f.Machine.Tokens.Break(fault.Hang())
	ended := make(chan error, 1)
	go func() {
		resp, err := http.Get(f.URL)
		if err == nil {
			_ = resp.Body.Close()
		}
		ended <- err
	}()
	require.Eventually(t, func() bool { return f.Machine.Tokens.Count() == 1 }, time.Minute, time.Millisecond)
	stop()
	require.Error(t, <-ended)
	_, err = net.Dial("tcp", f.URL[len("http://"):])
	require.Error(t, err, "the port is free again")
}
