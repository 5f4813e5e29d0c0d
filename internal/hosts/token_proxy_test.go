package hosts_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	sniName  = "a1b2c3.ests.aks"
	boundJWT = "e30.eyJpc3MiOiJodHRwczovL29pZGMuY2x1c3Rlci5leGFtcGxlLyIsInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDpkZWZhdWx0Om9yZGVycyIsImF1ZCI6WyJhcGk6Ly9BS1NJZGVudGl0eUJpbmRpbmciXX0.s1gnature"
)

// boundPod returns the environment of a pod with AKS identity bindings.
func boundPod(t *testing.T, more map[string]string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte(boundJWT+"\n"), 0o600))
	env := map[string]string{
		"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "7e000000-0000-4000-8000-00000000000a", "AZURE_CLIENT_ID": client.Value,
		"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
	}
	maps.Copy(env, more)
	return env
}

// proxyServer plays the proxy with a certificate for the SNI name.
func proxyServer(t *testing.T, answer http.HandlerFunc) (srv *httptest.Server, ca []byte) {
	t.Helper()
	cert := certificate.New(sniName)
	srv = httptest.NewUnstartedServer(answer)
	srv.TLS = &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName != sniName {
			return nil, fmt.Errorf("unknown name %q", hello.ServerName)
		}
		return cert.TLSConfig(), nil
	}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv, cert.PEM()
}

// TestTokenProxy: the exchange goes only to the proxy, with its name and its authority.
func TestTokenProxy(t *testing.T) {
	t.Parallel()
	var asked []string
	srv, ca := proxyServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI)
		assert.NoError(t, r.ParseForm())
		assert.Equal(t, map[string][]string{
			"client_id": {client.Value}, "scope": {"https://r/.default"}, "grant_type": {"client_credentials"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {boundJWT},
		}, map[string][]string(r.PostForm))
		_, _ = io.WriteString(w, good)
	})
	file := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(file, ca, 0o600))
	for name, tc := range map[string]struct {
		prefix string
		trust  map[string]string
		want   string
	}{
		"with a file":    {"", map[string]string{"AZURE_KUBERNETES_CA_FILE": file}, "/7e000000-0000-4000-8000-00000000000a/oauth2/v2.0/token"},
		"with the data":  {"/", map[string]string{"AZURE_KUBERNETES_CA_DATA": string(ca)}, "/7e000000-0000-4000-8000-00000000000a/oauth2/v2.0/token"},
		"below a prefix": {"/a%2Fb/c/", map[string]string{"AZURE_KUBERNETES_CA_FILE": file}, "/a%2Fb/c/7e000000-0000-4000-8000-00000000000a/oauth2/v2.0/token"},
	} {
		asked = nil
		env := boundPod(t, tc.trust)
		env["AZURE_KUBERNETES_TOKEN_PROXY"], env["AZURE_KUBERNETES_SNI_NAME"] = srv.URL+tc.prefix, sniName
		h, err := find(t, env, hosts.ID{}, nil)
		require.NoError(t, err, name)
		require.Equal(t, hosts.IdentityBinding, h.Kind)
		require.Equal(t, srv.URL+tc.want, h.Endpoint)
		got, err := h.Source.Token(t.Context(), request)
		require.NoError(t, err, name)
		require.Equal(t, "token", got.Token)
		require.Equal(t, []string{"POST " + tc.want}, asked, name)
	}
}

// TestTokenProxyReach: requests to the cluster's proxy use no other proxy, unlike those to Entra
// ID.
func TestTokenProxyReach(t *testing.T) {
	t.Parallel()
	proxied := errors.New("it went through a proxy")
	through := &http.Client{Transport: &http.Transport{
		Proxy:       func(*http.Request) (*url.URL, error) { return nil, proxied },
		DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("it went directly") },
	}}
	for want, more := range map[string]map[string]string{
		"it went directly":        {"AZURE_KUBERNETES_TOKEN_PROXY": "https://kubernetes.default"},
		"it went through a proxy": nil,
	} {
		cfg := hosts.Config{Getenv: func(name string) string { return boundPod(t, more)[name] }, Module: "aztoken", Version: "v0.0.1"}
		cfg.Options.Transport = through
		h, err := hosts.Find(cfg)
		require.NoError(t, err)
		_, err = h.Source.Token(t.Context(), request)
		require.ErrorContains(t, err, want)
	}
}

// TestTokenProxyMistakes: each contradiction is reported with the variable and its value.
func TestTokenProxyMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	ca := string(certificate.New().PEM())
	good, empty, garbage := file("ca.crt", ca), file("empty.crt", "\n"), file("garbage.crt", "garbage")
	large := file("large.crt", strings.Repeat("x", 1<<20+1))
	const proxy, sni, caFile, caData = "AZURE_KUBERNETES_TOKEN_PROXY", "AZURE_KUBERNETES_SNI_NAME", "AZURE_KUBERNETES_CA_FILE", "AZURE_KUBERNETES_CA_DATA"
	const address = "https://kubernetes.default"
	type env = map[string]string
	for _, tc := range []struct {
		name string
		env  env
		want []string
	}{
		{"a name without a proxy", env{sni: sniName}, []string{"$" + proxy, "$" + sni}},
		{"a file without a proxy", env{caFile: good}, []string{"$" + proxy, "$" + caFile}},
		{"data without a proxy", env{caData: ca}, []string{"$" + proxy, "$" + caData}},
		{"a file and data", env{proxy: address, caFile: good, caData: ca}, []string{"$" + caFile, "$" + caData}},
		{"http", env{proxy: "http://kubernetes.default"}, []string{"$" + proxy, "http://kubernetes.default", "https://"}},
		{"a user", env{proxy: "https://u:s3cr3t@kubernetes.default"}, []string{"$" + proxy, "user"}},
		{"a query", env{proxy: address + "?a=b"}, []string{"$" + proxy, "query"}},
		{"an empty query", env{proxy: address + "?"}, []string{"$" + proxy, "query"}},
		{"a fragment", env{proxy: address + "#f"}, []string{"$" + proxy, "fragment"}},
		{"no host", env{proxy: "https://:443/"}, []string{"$" + proxy, `"https://:443/"`, "host"}},
		{"no URL", env{proxy: address + "\n"}, []string{"$" + proxy, `\n`}},
		{"a name with a port", env{proxy: address, sni: sniName + ":443"}, []string{"$" + sni, sniName + ":443"}},
		{"an address for a name", env{proxy: address, sni: "10.0.0.1"}, []string{"$" + sni, "10.0.0.1"}},
		{"a file that is missing", env{proxy: address, caFile: filepath.Join(dir, "missing.crt")}, []string{"$" + caFile, "missing.crt"}},
		{"a file that is empty", env{proxy: address, caFile: empty}, []string{"$" + caFile, empty, "empty"}},
		{"a file of something else", env{proxy: address, caFile: garbage}, []string{"$" + caFile, garbage, "certificate"}},
		{"a file that is too large", env{proxy: address, caFile: large}, []string{"$" + caFile, large, "larger"}},
		{"a directory", env{proxy: address, caFile: dir}, []string{"$" + caFile, dir, "not a regular file"}},
		{"data of something else", env{proxy: address, caData: "garbage"}, []string{"$" + caData, "certificate"}},
		{"data that is blank", env{proxy: address, caData: " "}, []string{"$" + caData, "empty"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := find(t, boundPod(t, tc.env), hosts.ID{}, nil)
			require.ErrorAs(t, err, new(*hosts.ConfigError))
			for _, want := range tc.want {
				if filepath.IsAbs(want) {
					want = strconv.Quote(want)
				}
				require.ErrorContains(t, err, want)
			}
			require.LessOrEqual(t, strings.Count(err.Error(), dir), 1, "the path once: %v", err)
			require.ErrorContains(t, err, "(the host is ")
			require.NotContains(t, err.Error(), "s3cr3t")
		})
	}
	t.Run("a transport that cannot be held to it", func(t *testing.T) {
		t.Parallel()
		_, err := find(t, boundPod(t, env{proxy: address, caFile: good}), hosts.ID{}, func(http.ResponseWriter, *http.Request) {})
		require.ErrorContains(t, err, "Options.ClientOptions: ")
		require.ErrorContains(t, err, "authority")
	})
	t.Run("a node's identity", func(t *testing.T) {
		t.Parallel()
		_, err := find(t, boundPod(t, env{proxy: address}), object, nil)
		require.ErrorContains(t, err, "client ids only")
	})
}

// TestTokenProxyRefusals: what a refusal means behind the proxy, and without it.
func TestTokenProxyRefusals(t *testing.T) {
	t.Parallel()
	entra := func(code int) string { return fmt.Sprintf(`{"error":"invalid_client","error_codes":[%d]}`, code) }
	const page, status403 = "<html>", `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`
	values := []string{`issuer "https://oidc.cluster.example/"`, `subject "system:serviceaccount:default:orders"`, `audience "api://AKSIdentityBinding"`}
	for _, tc := range []struct {
		name   string
		status int
		body   string
		proxy  bool
		want   []string
		not    string // in the advice
	}{
		{"the issuer", 401, entra(700211), true, append([]string{"az aks identity-binding create", "api://AKSIdentityBinding"}, values...), "add a federated credential"},
		{"the audience", 401, entra(700212), true, append([]string{"use-managed-identity"}, values...), "add a federated credential"},
		{"the cluster", 403, status403, true, append([]string{"use-managed-identity", "$AZURE_KUBERNETES_SNI_NAME"}, values...), "federated"},
		{"the API server itself", 401, strings.ReplaceAll(status403, "403", "401"), true, append([]string{"use-managed-identity", "$AZURE_KUBERNETES_SNI_NAME"}, values...), "federated"},
		{"another path", 404, strings.ReplaceAll(status403, "403", "404"), true, []string{"$AZURE_KUBERNETES_TOKEN_PROXY"}, "federated"},
		{"a resource that Entra does not know", 404, entra(500011), true, []string{"App ID URI"}, "$AZURE_KUBERNETES"},
		{"no proxy, the issuer", 401, entra(700211), false, append([]string{"$AZURE_KUBERNETES_TOKEN_PROXY is not set"}, values...), "add a federated credential"},
		{"no proxy, the subject", 401, entra(7002138), false, values, ""},
		{"the cluster, by a page", 403, page, true, []string{"the answer is not from the token endpoint"}, "the cluster refuses"},
		{"a key that Entra does not know", 401, entra(700027), true, []string{"assertion"}, "the cluster refuses"},
		{"an expired token", 401, entra(700024), true, nil, "add a federated credential"},
		{"no proxy, an expired token", 401, entra(700024), false, values, "add a federated credential"},
		{"no proxy, a resource that Entra does not know", 400, entra(500011), false, []string{"App ID URI"}, "AZURE_KUBERNETES"},
		{"no proxy, a key that Entra does not know", 401, entra(700027), false, []string{"assertion"}, "remove the identity"},
		{"a page", 200, page, true, []string{"$AZURE_KUBERNETES_TOKEN_PROXY"}, "AUTHORITY_HOST"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			env := boundPod(t, nil)
			if tc.proxy {
				env["AZURE_KUBERNETES_TOKEN_PROXY"] = "https://kubernetes.default"
			}
			h, err := find(t, env, hosts.ID{}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			isBindingMissing := tc.proxy && tc.status == 403 && tc.body != page
			require.Equal(t, isBindingMissing, f.Reason == wire.IdentityNotFound && len(f.EntraCodes) == 0)
			for _, want := range tc.want {
				require.Contains(t, f.Advice, want)
			}
			if tc.not != "" {
				require.NotContains(t, f.Advice, tc.not)
			}
			require.NotContains(t, err.Error()+f.Advice, "s1gnature")
		})
	}
}

// TestTokenProxyTrust: a certificate of another authority, or for another name, is not accepted,
// and the advice names the variables.
func TestTokenProxyTrust(t *testing.T) {
	t.Parallel()
	srv, ca := proxyServer(t, func(http.ResponseWriter, *http.Request) { t.Error("the assertion was sent") })
	const untrusted, unreached = "authority of the cluster's API server", "check the way to $AZURE_KUBERNETES_TOKEN_PROXY"
	for name, tc := range map[string]struct {
		env  map[string]string
		want string
	}{
		"another authority":    {map[string]string{"AZURE_KUBERNETES_CA_DATA": string(certificate.New().PEM()), "AZURE_KUBERNETES_SNI_NAME": sniName}, untrusted},
		"the system's":         {map[string]string{"AZURE_KUBERNETES_SNI_NAME": sniName}, untrusted},
		"another name":         {map[string]string{"AZURE_KUBERNETES_CA_DATA": string(ca), "AZURE_KUBERNETES_SNI_NAME": "other.ests.aks"}, unreached},
		"the address for name": {map[string]string{"AZURE_KUBERNETES_CA_DATA": string(ca)}, unreached},
		"nothing listens":      {map[string]string{"AZURE_KUBERNETES_CA_DATA": string(ca), "AZURE_KUBERNETES_TOKEN_PROXY": "https://127.0.0.1:1"}, unreached},
	} {
		env := boundPod(t, map[string]string{"AZURE_KUBERNETES_TOKEN_PROXY": srv.URL})
		maps.Copy(env, tc.env)
		h, err := find(t, env, hosts.ID{}, nil)
		require.NoError(t, err)
		_, err = h.Source.Token(t.Context(), request)
		var f *wire.Failure
		require.ErrorAs(t, err, &f, name)
		require.False(t, f.Unreachable, name)
		require.Contains(t, f.Advice, tc.want, name)
		require.Contains(t, f.Advice, "$AZURE_KUBERNETES_SNI_NAME", name)
	}
}

// TestTokenProxySilence: advice on an unreachable proxy does not hide the failure itself.
func TestTokenProxySilence(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{
		"identity binding": boundPod(t, map[string]string{"AZURE_KUBERNETES_TOKEN_PROXY": "https://kubernetes.default"}), "workload identity": boundPod(t, nil),
	} {
		cfg := hosts.Config{Getenv: func(name string) string { return env[name] }, Module: "aztoken", Version: "v0.0.1"}
		cfg.Options.Transport = failing{context.DeadlineExceeded}
		h, err := hosts.Find(cfg)
		require.NoError(t, err)
		var f *wire.Failure
		_, err = h.Source.Token(t.Context(), request)
		require.ErrorAs(t, err, &f, name)
		require.Equal(t, "no answer in time", f.Description, name)
		require.Empty(t, f.Advice, name)
		_, err = h.Source.Token(t.Context(), hosts.Request{Resource: "https://r", Tenant: "a/b"})
		require.ErrorAs(t, err, &f, name)
		require.Contains(t, f.Advice, "pass the GUID", name)
	}
}

// failing is a transport that fails with an error.
type failing struct{ err error }

func (f failing) Do(*http.Request) (*http.Response, error) { return nil, f.err }
