package federate_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/federate"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

func TestReadMistakes(t *testing.T) {
	t.Parallel()
	d := newTenant(nil)
	d.AddApplication(graphtest.Application{DisplayName: "twin"})
	d.AddApplication(graphtest.Application{DisplayName: "twin"})
	d.AddServicePrincipal(graphtest.Principal{DisplayName: "orders-client", AppID: d.app.AppID})
	foreign := d.AddServicePrincipal(graphtest.Principal{DisplayName: "Contoso CRM", AppID: "c0000000-0000-4000-8000-0000000000cc"})
	vm := d.AddManagedIdentity("vm", "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm")
	flexible := d.AddApplication(graphtest.Application{DisplayName: "flexible"})
	d.AddFederatedCredential(flexible.ID, graphtest.FederatedCredential{Name: "main", Issuer: "i", Audiences: []string{audience}})
	for name, c := range map[string]struct {
		app, to string
		want    []string
	}{
		"no application":         {"nothing", "orders-worker", []string{`no application named "nothing"`, "register it first"}},
		"no URI":                 {"api://nothing", "orders-worker", []string{"no application with the App ID URI api://nothing"}},
		"no id":                  {"c0000000-0000-4000-8000-0000000000ff", "orders-worker", []string{"no application with the client id or object id"}},
		"two applications":       {"twin", "orders-worker", []string{"2 applications match", "use the client id of one"}},
		"another tenant's":       {foreign.AppID, "orders-worker", []string{"Contoso CRM is registered in another tenant, where the identity must be too", "--tenant"}},
		"no identity":            {"orders-client", "nobody", []string{"no managed identity is named"}},
		"an application":         {"orders-client", d.app.AppID, []string{"of type Application, not a managed identity", "only managed identities as the credential"}},
		"system-assigned":        {"orders-client", "vm", []string{"vm (" + vm.ID + ") is a system-assigned identity", "az identity create"}},
		"system-assigned, by id": {"orders-client", vm.AppID, []string{"is a system-assigned identity"}},
		"a list that breaks off": {"flexible", "orders-worker", []string{"reading the federated credentials of flexible", "matches by an expression"}},
	} {
		w := wanted(c.to)
		w.App = c.app
		_, err := federate.Read(t.Context(), graphtest.Client(t, d.Server), w)
		for _, words := range append(c.want, "aztoken: ") {
			require.ErrorContains(t, err, words, name)
		}
	}
	w := wanted("vm")
	w.Revoke = true
	_, err := federate.Read(t.Context(), graphtest.Client(t, d.Server), w)
	require.NoError(t, err, "what cannot work can be removed")
	require.Empty(t, d.Writes())
}

// opaque is a sign-in whose tokens only Graph can read.
type opaque struct{}

func (opaque) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "opaque", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// accepting is a directory that accepts every token.
type accepting struct{ *graphtest.Server }

func (a accepting) Do(r *http.Request) (*http.Response, error) {
	token, err := graphtest.Credential{}.GetToken(r.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token.Token)
	return a.Server.Do(r)
}

func TestReadTenant(t *testing.T) {
	t.Parallel()
	const other = "7e000000-0000-4000-8000-000000000002"
	d := newTenant(nil)
	s, err := federate.Read(t.Context(), graphtest.Client(t, d.Server), federate.Spec{App: "orders-client", TenantID: other})
	require.NoError(t, err)
	require.Equal(t, tenantID, s.TenantID, "the token knows")
	c, err := graph.New(graph.Options{Credential: opaque{}, Transport: accepting{d.Server}})
	require.NoError(t, err)
	s, err = federate.Read(t.Context(), c, federate.Spec{App: "orders-client", TenantID: other})
	require.NoError(t, err)
	require.Equal(t, other, s.TenantID)
	_, err = federate.Read(t.Context(), c, federate.Spec{App: "orders-client"})
	require.ErrorContains(t, err, "set --tenant to the tenant's id")
}
