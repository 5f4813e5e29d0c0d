package grant_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

func TestReadIdentity(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
	g.AddServicePrincipal(graphtest.Principal{AppID: app.AppID, DisplayName: "orders-api"})
	one, two := g.AddManagedIdentity("twin", armID), g.AddManagedIdentity("twin", "")
	const unknown = "0b000000-0000-4000-8000-000000000099"
	for to, want := range map[string][]string{
		"twin":         {"2 managed identities", one.ID, two.ID, "use the object id of one", "/resourcegroups/RG/"},
		"nobody":       {"no managed identity is named", "name of its resource"},
		"orders-api":   {"no managed identity is named"},
		armID + "x":    {"system-assigned identity"},
		unknown:        {"no service principal has", "a new identity takes a minute to appear"},
		app.ID:         {"is the object id of the application orders-api", "the client id of a managed identity, or the object id of its service principal"},
		app.AppID:      {"of type Application, not a managed identity", "the portal grants roles to applications"},
		"o'brien's or": {"no managed identity is named"},
	} {
		_, err := grant.Read(t.Context(), client(t, g), wanted(to))
		for _, words := range want {
			require.ErrorContains(t, err, words, to)
		}
		require.True(t, strings.HasPrefix(err.Error(), "aztoken: "))
	}
	s, err := grant.Read(t.Context(), client(t, g), wanted(one.ID, one.AppID, armID+"/", two.ID))
	require.NoError(t, err)
	require.Len(t, s.Identities, 2, "each once")
	require.Empty(t, g.Writes())
}

func TestReadApplication(t *testing.T) {
	t.Parallel()
	unique := "twin"
	g := graphtest.New(nil)
	one := g.AddApplication(graphtest.Application{DisplayName: "orders"})
	two := g.AddApplication(graphtest.Application{DisplayName: "Orders"})
	named := g.AddApplication(graphtest.Application{DisplayName: "another", UniqueName: &unique})
	g.AddApplication(graphtest.Application{DisplayName: unique})
	foreign := g.AddServicePrincipal(graphtest.Principal{DisplayName: "Microsoft Graph", AppID: "00000003-0000-0000-c000-000000000000"})

	for app, want := range map[string][]string{
		"orders":       {"2 applications", one.AppID, two.AppID, "use the client id of one"},
		one.ID:         {"no application with the client id", "not its object id"},
		"api://orders": {"no application with the App ID URI", "--uri"},
	} {
		w := wanted()
		w.App = app
		_, err := grant.Read(t.Context(), client(t, g), w)
		for _, words := range want {
			require.ErrorContains(t, err, words, app)
		}
	}
	w := wanted()
	w.App, w.Revoke = "nothing", true
	_, err := grant.Read(t.Context(), client(t, g), w)
	require.ErrorContains(t, err, "no application named", "there is nothing to revoke")

	s, err := grant.FindApplication(t.Context(), client(t, g), unique)
	require.NoError(t, err)
	require.Equal(t, named.AppID, s.AppID(), "the unique name goes before")
	s, err = grant.FindApplication(t.Context(), client(t, g), foreign.AppID)
	require.NoError(t, err)
	require.Nil(t, s.Application)
	require.Equal(t, "Microsoft Graph", s.Name())
	s, err = grant.FindApplication(t.Context(), client(t, g), "new")
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
	_, _, err := run(t.Context(), client(t, g), w, nil)
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
	s, _, err := run(t.Context(), client(t, g), w, nil)
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
	_, _, err := run(t.Context(), client(t, g), w, nil)
	require.ErrorContains(t, err, "could not add the App ID URI https://orders.example.com")
	require.ErrorContains(t, err, "use api://{appId}")
	w.URIs = []string{"api://{appId}"}
	_, _, err = run(t.Context(), client(t, g), w, nil)
	require.NoError(t, err)
	require.Len(t, g.Assignments(), 1)
}
