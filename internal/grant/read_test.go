package grant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

func TestReadMissing(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
	g.AddServicePrincipal(graphtest.Principal{AppID: app.AppID, DisplayName: "orders-api"})
	for name, c := range map[string]struct {
		wanted grant.Spec
		want   string
	}{
		"a URI of nothing":       {grant.Spec{App: "api://orders"}, "use a name to register one (with --uri)"},
		"a client id of nothing": {grant.Spec{App: appID[:35] + "f"}, "no application with the client id"},
		"nothing to revoke from": {grant.Spec{App: "nothing", Revoke: true}, "no application named"},
		"no identity":            {wanted("nobody"), "no managed identity is named"},
		"an application":         {wanted(app.AppID), "the portal grants roles to applications"},
	} {
		_, err := grant.Read(t.Context(), graphtest.Client(t, g), c.wanted)
		require.ErrorContains(t, err, c.want, name)
	}
	require.Empty(t, g.Writes())
}

func TestReadIdentities(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	one, two := g.AddManagedIdentity("twin", armID), g.AddManagedIdentity("twin", "")
	s, err := grant.Read(t.Context(), graphtest.Client(t, g), wanted(one.ID, one.AppID, armID+"/", two.ID))
	require.NoError(t, err)
	require.Len(t, s.Identities, 2, "each once")
}

func TestFindApplication(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	foreign := g.AddServicePrincipal(graphtest.Principal{DisplayName: "Microsoft Graph", AppID: "00000003-0000-0000-c000-000000000000"})
	s, err := grant.FindApplication(t.Context(), graphtest.Client(t, g), foreign.AppID)
	require.NoError(t, err)
	require.Nil(t, s.Application)
	require.Equal(t, "Microsoft Graph", s.Name())
	s, err = grant.FindApplication(t.Context(), graphtest.Client(t, g), "new")
	require.NoError(t, err)
	require.Empty(t, s.AppID()+s.Name())
}

// TestReadForeignApplication: a role of another tenant's application is assigned.
func TestReadForeignApplication(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	role := graphtest.Role{ID: roleID, Value: "User.Read.All", DisplayName: "Read", Description: "Read", AllowedMemberTypes: []string{"Application"}, IsEnabled: true}
	service := g.AddServicePrincipal(graphtest.Principal{DisplayName: "Microsoft Graph", AppID: "00000003-0000-0000-c000-000000000000", AppRoles: []graphtest.Role{role}})
	worker := g.AddManagedIdentity("worker", "")
	w := grant.Spec{App: service.AppID, Roles: []grant.Role{{Value: "User.Read.All"}}, To: []string{"worker"}}
	_, _, err := run(t.Context(), graphtest.Client(t, g), w, nil)
	require.NoError(t, err)
	require.Len(t, g.Writes(), 1)
	require.Equal(t, worker.ID, g.Assignments()[0].PrincipalID)
	require.Equal(t, roleID, g.Assignments()[0].AppRoleID)
}

// TestReadKeepsRolesAndURIs: roles and URIs of others are kept.
func TestReadKeepsRolesAndURIs(t *testing.T) {
	t.Parallel()
	g := graphtest.New(&graphtest.Options{VerifiedDomains: []string{"example.com"}})
	theirs := graphtest.Role{ID: roleID, Value: "admin", DisplayName: "Admin", Description: "Admins", AllowedMemberTypes: []string{"User"}, IsEnabled: true}
	valueless := theirs
	valueless.ID, valueless.Value = "e0000000-0000-4000-8000-000000000002", ""
	app := g.AddApplication(graphtest.Application{
		DisplayName: "orders-api", AppRoles: []graphtest.Role{theirs, valueless}, IdentifierURIs: []string{"https://orders.example.com"}, SignInAudience: "AzureADMultipleOrgs",
	})
	g.AddManagedIdentity("worker", "")
	w := wanted("worker")
	w.URIs = []string{"api://{appId}"}
	s, _, err := run(t.Context(), graphtest.Client(t, g), w, nil)
	require.NoError(t, err)
	now := g.Applications()[0]
	require.Equal(t, []graphtest.Role{theirs, valueless}, now.AppRoles[:2])
	require.Len(t, now.AppRoles, 3)
	require.Equal(t, []string{"https://orders.example.com", "api://" + app.AppID}, now.IdentifierURIs)
	require.Nil(t, now.API.RequestedAccessTokenVersion, "what is there already keeps its tokens")
	require.Equal(t, "AzureADMultipleOrgs", now.SignInAudience)
	require.Equal(t, now.IdentifierURIs, s.Audiences())
}

// TestApplyBadURI: an App ID URI that the tenant refuses ends the run with a proposal.
func TestApplyBadURI(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	g.AddManagedIdentity("worker", "")
	w := wanted("worker")
	w.TokenVersion, w.URIs = 1, []string{"https://orders.example.com"}
	_, _, err := run(t.Context(), graphtest.Client(t, g), w, nil)
	require.ErrorContains(t, err, "could not add the App ID URI https://orders.example.com")
	require.ErrorContains(t, err, "use api://{appId}")
	w.URIs = []string{"api://{appId}"}
	_, _, err = run(t.Context(), graphtest.Client(t, g), w, nil)
	require.NoError(t, err)
	require.Len(t, g.Assignments(), 1)
}
