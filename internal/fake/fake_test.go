package fake_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
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
		env, err := f.Environment(h)
		require.NoError(t, err)
		require.NotEmpty(t, h.Title())
		require.NotEqual(t, string(h), h.Title())
		if h == fake.Arc {
			continue // its clients read keys from the agent's directory alone
		}
		token := ""
		if h == fake.IdentityBinding {
			token = throughProxy(t, env)
		} else {
			token = byClient(t, f, h, env)
		}
		claims, err := f.Machine.Issuer().Claims(token)
		require.NoError(t, err)
		require.Equal(t, "https://orders.example.com", claims["aud"])
	}
}

// byClient returns the token that a client gets in an environment.
func byClient(t *testing.T, f *fake.Fake, h fake.Host, env fakeazure.Environment) string {
	t.Helper()
	opts := &aztoken.Options{Getenv: func(name string) string { return env[name] }}
	if h == fake.WorkloadIdentity {
		opts.Transport = trusting(t, f)
	}
	client, err := aztoken.NewClient(opts)
	require.NoError(t, err)
	token, err := client.Token(t.Context(), "https://orders.example.com")
	require.NoError(t, err, h)
	require.NoError(t, client.Close())
	return token.Value()
}

// throughProxy returns the token that the proxy of an environment gives, to a client that does by
// hand what the environment says.
func throughProxy(t *testing.T, env fakeazure.Environment) string {
	t.Helper()
	resp, err := proxyClient(t, env).PostForm(env["AZURE_KUBERNETES_TOKEN_PROXY"]+"/"+env["AZURE_TENANT_ID"]+"/oauth2/v2.0/token",
		exchangeForm(t, env))
	require.NoError(t, err)
	status, body := read(t, resp)
	require.Equal(t, http.StatusOK, status, body)
	var reply struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &reply))
	return reply.Token
}

// proxyClient returns a client of the proxy with the authority that is in the file now.
func proxyClient(t *testing.T, env fakeazure.Environment) *http.Client {
	t.Helper()
	authority, err := os.ReadFile(env["AZURE_KUBERNETES_CA_FILE"])
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority))
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: env["AZURE_KUBERNETES_SNI_NAME"]},
	}}
}

// exchangeForm is the body by which a pod exchanges its federated token.
func exchangeForm(t *testing.T, env fakeazure.Environment) url.Values {
	t.Helper()
	assertion, err := os.ReadFile(env["AZURE_FEDERATED_TOKEN_FILE"])
	require.NoError(t, err)
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {env["AZURE_CLIENT_ID"]}, "scope": {"https://orders.example.com/.default"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {string(assertion)},
	}
}

func TestRotateProxyCA(t *testing.T) {
	t.Parallel()
	f := running(t, fakeazure.Options{})
	env, err := f.Environment(fake.IdentityBinding)
	require.NoError(t, err)
	before := proxyClient(t, env)
	throughProxy(t, env)
	status, _ := post(t, f.ControlURL+"/rotate-proxy-ca", "")
	require.Equal(t, http.StatusOK, status)
	resp, err := before.Get(env["AZURE_KUBERNETES_TOKEN_PROXY"])
	if err == nil {
		_ = resp.Body.Close()
	}
	require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
	throughProxy(t, env)
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
