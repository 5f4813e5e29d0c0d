package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// asApp are the flags of the fake's app registration.
var asApp = []string{"--app-client-id", imdstest.DefaultApplicationID, "--app-tenant", imdstest.DefaultTenantID}

// appHost is a fake on a socket whose tenant has an app registration that trusts the machine.
func appHost(t *testing.T, apps ...imdstest.Application) (srv *imdstest.Server, env []string) {
	t.Helper()
	trustsByFile(t)
	if apps == nil {
		apps = []imdstest.Application{{}}
	}
	srv = imdstest.NewServer(t, &imdstest.Options{Applications: apps})
	return srv, append(srv.AppService().Environ(), "SSL_CERT_FILE="+srv.CertificateFile())
}

func TestTokenOfAnApplication(t *testing.T) {
	t.Parallel()
	srv, env := appHost(t)
	got := invocation{env: env, asked: true}.run(t, append([]string{"token", orders}, asApp...)...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, invocation{stdin: got.stdout}.run(t, "inspect").stdout, imdstest.DefaultApplicationID)
	require.Equal(t, 2, srv.Count())

	store := t.TempDir()
	stored := append([]string{"token", orders, "--store", store, "--client-id", imdstest.DefaultClientID}, asApp...)
	require.Zero(t, invocation{env: env, asked: true}.run(t, stored...).status)
	srv.Break(imdstest.Dropped())
	again := invocation{env: env, asked: true}.run(t, stored...)
	require.Zero(t, again.status, again.stderr)
	require.Contains(t, invocation{stdin: again.stdout}.run(t, "inspect").stdout, imdstest.DefaultApplicationID)
}

func TestApplicationMistakes(t *testing.T) {
	t.Parallel()
	requireMistakes(t, []string{"token", orders}, map[string]mistake{
		"no tenant":             {[]string{"--app-client-id", imdstest.DefaultApplicationID}, 2, "app-tenant"},
		"no client id":          {[]string{"--app-tenant", imdstest.DefaultTenantID}, 2, "app-client-id"},
		"an empty client id":    {[]string{"--app-client-id=", "--app-tenant", imdstest.DefaultTenantID}, 2, "--app-client-id is empty"},
		"an empty tenant":       {[]string{"--app-client-id", imdstest.DefaultApplicationID, "--app-tenant="}, 2, "--app-tenant is empty"},
		"a name for it":         {[]string{"--app-client-id=orders", "--app-tenant", imdstest.DefaultTenantID}, 1, `--app-client-id: "orders"`},
		"any tenant":            {[]string{"--app-client-id", imdstest.DefaultApplicationID, "--app-tenant=common"}, 1, `--app-tenant: "common"`},
		"a developer's sign-in": {append([]string{"--dev"}, asApp...), 2, "dev"},
	})
}

func TestDoctorOfAnApplication(t *testing.T) {
	t.Parallel()
	_, well := appHost(t, imdstest.Application{Roles: map[string][]string{orders: {"consumer"}}})
	got := invocation{env: well}.run(t, append([]string{"doctor", orders, "--role", "consumer"}, asApp...)...)
	require.Zero(t, got.status, got.stdout)
	require.Contains(t, got.stdout, "✓ exchange")
	require.Contains(t, got.stdout, imdstest.DefaultApplicationID)
	require.Contains(t, got.stdout, "the token has consumer")
	require.Equal(t, 1, strings.Count(got.stdout, "has no claim idtyp"), "the application's token, and not the assertion: %s", got.stdout)

	_, foreign := appHost(t, imdstest.Application{FederatedCredentials: []imdstest.FederatedCredential{{Subject: "0b000000-0000-4000-8000-0000000000ff"}}})
	got = invocation{env: foreign}.run(t, append([]string{"doctor", orders}, asApp...)...)
	require.Equal(t, 1, got.status)
	for _, want := range []string{"✓ identity", "✓ token", "✗ exchange", "AADSTS700213", "aztoken federate --app " + imdstest.DefaultApplicationID, imdstest.DefaultObjectID, "– role"} {
		require.Contains(t, got.stdout, want)
	}

	srv, down := appHost(t)
	srv.Break(imdstest.Status(503).EndpointOnly())
	got = invocation{env: down}.run(t, append([]string{"doctor", orders}, asApp...)...)
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stdout, "✗ token")
	require.Contains(t, got.stdout, "– exchange")

	got = aztoken(t, "doctor", orders, "--app-client-id=orders", "--app-tenant", imdstest.DefaultTenantID)
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stdout, `--app-client-id: "orders"`)
	require.Contains(t, got.stdout, "– exchange")
}

func TestDoctorOfAnIdentityBinding(t *testing.T) {
	t.Parallel()
	trustsByFile(t)
	srv := imdstest.NewServer(t, nil)
	env := append(srv.IdentityBinding().Environ(), "SSL_CERT_FILE="+srv.CertificateFile())
	got := invocation{env: env}.run(t, "doctor", orders)
	require.Zero(t, got.status, got.stdout)
	require.Contains(t, got.stdout, "identity binding at https://")

	for name, c := range map[string]struct {
		env    string
		failed string
		want   string
	}{
		"no proxy":            {"AZURE_KUBERNETES_TOKEN_PROXY=", "host", "$AZURE_KUBERNETES_TOKEN_PROXY: not set, although $AZURE_KUBERNETES_SNI_NAME is"},
		"no authority":        {"AZURE_KUBERNETES_CA_FILE=/nonexistent", "host", "$AZURE_KUBERNETES_CA_FILE"},
		"another name":        {"AZURE_KUBERNETES_SNI_NAME=other.ests.aks", "direct", "$AZURE_KUBERNETES_SNI_NAME"},
		"another authority":   {"AZURE_KUBERNETES_CA_FILE=" + srv.CertificateFile(), "direct", "$AZURE_KUBERNETES_CA_FILE"},
		"nothing listens":     {"AZURE_KUBERNETES_TOKEN_PROXY=https://127.0.0.1:1", "reachable", "$AZURE_KUBERNETES_TOKEN_PROXY"},
		"an unbound identity": {"AZURE_CLIENT_ID=c0000000-0000-4000-8000-0000000000ff", "identity", "use-managed-identity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := invocation{env: append(slices.Clone(env), c.env)}.run(t, "doctor", orders)
			require.Equal(t, 1, got.status)
			require.Contains(t, got.stdout, "✗ "+c.failed)
			require.Contains(t, got.stdout, c.want)
		})
	}
}

// agentFileOfAnApp returns the file of an agent that serves the fake's app registration.
func agentFileOfAnApp(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "agent.yaml")
	text := "identities:\n- name: orders\n  federation:\n    tenant_id: " + imdstest.DefaultTenantID + "\n    client_id: " + imdstest.DefaultApplicationID + "\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestAgentOfAnApplication(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`--app-client-id: "orders"`: {"--app-client-id=orders", "--app-tenant", imdstest.DefaultTenantID},
		`--app-tenant: "common"`:    {"--app-client-id", imdstest.DefaultApplicationID, "--app-tenant=common"},
		"--app-tenant is empty":     {"--app-client-id", imdstest.DefaultApplicationID, "--app-tenant="},
		"[app-client-id dev]":       append([]string{"--dev", "--allow", orders}, asApp...),
	} {
		got := aztoken(t, append([]string{"agent", "--listen=127.0.0.1:0"}, args...)...)
		require.Equal(t, 2, got.status, got.stderr)
		require.Contains(t, got.stderr, want)
	}
	srv, env := appHost(t)
	for name, args := range map[string][]string{
		"by flags":  asApp,
		"by a file": {"--config", agentFileOfAnApp(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serveIn(t, env, append([]string{"--listen=127.0.0.1:0"}, args...)...)
			for _, header := range s.Environment {
				status, reply := s.token(t, header["IDENTITY_HEADER"], orders)
				require.Equal(t, 200, status, reply)
				claims, err := srv.Claims(reply["access_token"].(string))
				require.NoError(t, err)
				require.Equal(t, imdstest.DefaultApplicationID, claims["appid"])
			}
			s.stop(t)
		})
	}
}
