package aztoken_test

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// TestIdentityBinding: pods of AKS whose token only the cluster's proxy accepts. TestEveryHost
// tests what all hosts have in common.
func TestIdentityBinding(t *testing.T) {
	t.Parallel()
	inVirtualTime(t, "follows the proxy's authority, over a moment without one", func(t *testing.T) {
		m := on("identity binding").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{Refresh: aztoken.MaxAge(time.Hour)})
		require.NoError(t, err)
		requireNoHarm(t, use(t, c, 5*time.Hour))
		was := m.Count()
		m.TokenProxy().RotateCA()
		requireNoHarm(t, use(t, c, 5*time.Hour))
		require.Greater(t, m.Count(), was, "by the new authority")
		for _, content := range [][]byte{nil, {}, []byte("garbage")} {
			was = m.Count()
			m.TokenProxy().WriteCA(content)
			requireNoHarm(t, use(t, c, 5*time.Hour))
			require.Greater(t, m.Count(), was, "by the last good one")
		}
		m.TokenProxy().RotateCA()
		was = m.Count()
		requireNoHarm(t, use(t, c, 5*time.Hour))
		require.Greater(t, m.Count(), was)
	})
	inVirtualTime(t, "with the authority in a variable", func(t *testing.T) {
		m := on("identity binding").machine(t, imdstest.Options{ProxyCAData: true})
		require.Empty(t, m.env["AZURE_KUBERNETES_CA_FILE"])
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
	})
	inVirtualTime(t, "sends no other request than the exchange", func(t *testing.T) {
		m := on("identity binding").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		require.Len(t, m.Requests(), 1)
		require.Equal(t, "identity binding", m.Requests()[0].Host)
		require.Empty(t, m.Issuer().Requests(), "no discovery")
	})
	inVirtualTime(t, "whose authority is another one, is told with the variable and tried again twice at most", func(t *testing.T) {
		m := on("identity binding").machine(t, imdstest.Options{})
		other := imdstest.New(nil)
		t.Cleanup(other.Close)
		m.env["AZURE_KUBERNETES_CA_FILE"] = other.IdentityBinding()["AZURE_KUBERNETES_CA_FILE"]
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		require.LessOrEqual(t, took(func() { _, err = c.Token(t.Context(), resource) }), 10*time.Second)
		require.ErrorContains(t, err, "AZURE_KUBERNETES_CA_FILE")
		require.NotErrorIs(t, err, aztoken.ErrNoManagedIdentity)
		require.Zero(t, m.Count(), "no assertion left this machine")
	})
	inVirtualTime(t, "that does not have the identity", func(t *testing.T) {
		m := on("identity binding").machine(t, imdstest.Options{})
		m.Break(imdstest.NotBound())
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		_, err = c.Token(t.Context(), resource)
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		require.ErrorContains(t, err, "use-managed-identity")
		require.ErrorContains(t, err, "api://AKSIdentityBinding")
	})
	inVirtualTime(t, "of another tenant than is asked for, asks nobody", func(t *testing.T) {
		m := on("identity binding").machine(t, imdstest.Options{})
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		_, err = c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, TenantID: "7e000000-0000-4000-8000-000000000002"})
		require.ErrorContains(t, err, "7e000000-0000-4000-8000-000000000002")
		require.Zero(t, m.Count())
	})
	inVirtualTime(t, "restarts in an outage, with a store", func(t *testing.T) {
		m := on("identity binding").machine(t, imdstest.Options{})
		dir := t.TempDir()
		for start := range 12 {
			c, err := m.client(t, aztoken.Options{Store: storeOn(t, tokenstore.Dir(dir))})
			require.NoError(t, err)
			if start == 0 {
				_, err = c.Token(t.Context(), resource)
				require.NoError(t, err)
				m.Break(imdstest.Dropped())
			}
			atOnce(t, c)
			require.NoError(t, c.Close())
			time.Sleep(59 * time.Minute)
		}
	})
}

// TestWorkloadIdentityTenants: if the pod acts as an app registration, tokens of another tenant in
// which it is installed have their own entries.
func TestWorkloadIdentityTenants(t *testing.T) {
	t.Parallel()
	const other, strange = "7e000000-0000-4000-8000-000000000002", "7e000000-0000-4000-8000-000000000003"
	fake := imdstest.Options{Tenants: []string{strange}, Applications: []imdstest.Application{{
		Tenants:              []string{other},
		FederatedCredentials: []imdstest.FederatedCredential{{Issuer: imdstest.ClusterIssuer, Subject: imdstest.ClusterSubject}},
	}}}
	ask := func(t *testing.T, c *aztoken.Client, tenant string) (string, error) {
		got, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}, TenantID: tenant})
		return got.Token, err
	}
	inVirtualTime(t, "an app registration", func(t *testing.T) {
		m := on("workload identity").machine(t, fake)
		c, err := m.client(t, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultApplicationID)})
		require.NoError(t, err)
		for range 2 {
			for _, tenant := range []string{"", other} {
				tok, err := ask(t, c, tenant)
				require.NoError(t, err)
				all, err := m.Claims(tok)
				require.NoError(t, err)
				if tenant == "" {
					tenant = imdstest.DefaultTenantID
				}
				require.Equal(t, tenant, all["tid"])
			}
		}
		require.Equal(t, 2, m.Count())
		_, err = ask(t, c, strange)
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		require.ErrorContains(t, err, strange)
		require.ErrorContains(t, err, "consented")
	})
	inVirtualTime(t, "a managed identity", func(t *testing.T) {
		m := on("workload identity").machine(t, fake)
		c, err := m.client(t, aztoken.Options{})
		require.NoError(t, err)
		_, err = ask(t, c, other)
		require.Error(t, err)
		require.ErrorContains(t, err, "a managed identity has none")
	})
}
