package integrations_test

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// customer is a tenant with the multi-tenant application.
const customer = "7e000000-0000-4000-8000-0000000000c1"

// federated starts a fake App Service whose default identity is the credential of an app
// registration.
func federated(t *testing.T) (*imdstest.Server, imdstest.Environment) {
	t.Helper()
	opts := machine()
	opts.Applications = []imdstest.Application{{Tenants: []string{customer}}}
	srv := imdstest.NewServer(t, opts)
	return srv, srv.AppService()
}

// requireAppToken fails if token does not belong to the app registration in the given tenant.
func requireAppToken(t *testing.T, srv *imdstest.Server, token, resource, tenant string) {
	t.Helper()
	claims, err := srv.Claims(token)
	require.NoError(t, err)
	require.Equal(t, resource, claims["aud"])
	require.Equal(t, tenant, claims["tid"])
	require.Equal(t, imdstest.DefaultApplicationID, claims["appid"])
}

func TestAzidentityActsAsAnApplication(t *testing.T) {
	srv, env := federated(t)
	env.Setenv(t)
	identity, err := azidentity.NewManagedIdentityCredential(nil)
	require.NoError(t, err)
	assertion := func(ctx context.Context) (string, error) {
		token, err := identity.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{"api://AzureADTokenExchange/.default"}})
		return token.Token, err
	}
	opts := &azidentity.ClientAssertionCredentialOptions{DisableInstanceDiscovery: true, AdditionallyAllowedTenants: []string{customer}}
	opts.Transport = srv.Client()
	opts.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: env.Get("AZURE_AUTHORITY_HOST")}
	credential, err := azidentity.NewClientAssertionCredential(imdstest.DefaultTenantID, imdstest.DefaultApplicationID, assertion, opts)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		tenant string
		cae    bool
		life   time.Duration
	}{
		"at home":            {"", false, 75 * time.Minute},
		"in another tenant":  {customer, false, 75 * time.Minute},
		"with EnableCAE":     {"", true, 24 * time.Hour},
		"with both of these": {customer, true, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			resource := resourceOf(t)
			token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{
				Scopes: []string{resource + "/.default"}, TenantID: c.tenant, EnableCAE: c.cae,
			})
			require.NoError(t, err)
			tenant := c.tenant
			if tenant == "" {
				tenant = imdstest.DefaultTenantID
			}
			requireAppToken(t, srv, token.Token, resource, tenant)
			require.WithinDuration(t, time.Now().Add(c.life), token.ExpiresOn, time.Minute)
		})
	}
	var hosts []string
	for _, r := range (site{srv: srv}).requests("api://AzureADTokenExchange") {
		hosts = append(hosts, r.Host)
	}
	require.Equal(t, []string{"App Service"}, hosts, "the identity's token is the same for all")
}

func TestAzureIdentityForJavaScriptActsAsAnApplication(t *testing.T) {
	needNode(t)
	srv, env := federated(t)
	for _, tenant := range []string{imdstest.DefaultTenantID, customer} {
		resource := resourceOf(t)
		node := exec.CommandContext(t.Context(), "node", "azure-identity-federated.mjs", resource, tenant, imdstest.DefaultApplicationID)
		node.Dir, node.Env = npmFolder, append(env.Environ(), "NODE_EXTRA_CA_CERTS="+srv.CertificateFile())
		var said bytes.Buffer
		node.Stderr = &said
		token, err := node.Output()
		require.NoError(t, err, &said)
		requireAppToken(t, srv, string(token), resource, tenant)
	}
}
