package lookup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
	"github.com/seed-ac726066/aztoken/internal/lookup"
)

func TestApplication(t *testing.T) {
	t.Parallel()
	unique := "unique"
	g := graphtest.New(&graphtest.Options{PageSize: 1})
	one := g.AddApplication(graphtest.Application{DisplayName: "orders"})
	two := g.AddApplication(graphtest.Application{DisplayName: "Orders"})
	named := g.AddApplication(graphtest.Application{DisplayName: "another", UniqueName: &unique, IdentifierURIs: []string{"api://another"}})
	shown := g.AddApplication(graphtest.Application{DisplayName: unique})
	c := graphtest.Client(t, g)
	for app, want := range map[string]graphtest.Application{
		one.AppID: one, one.ID: one, two.AppID: two, "another": named, "api://another": named,
		unique:      named, // before a display name
		shown.AppID: shown,
	} {
		found, err := lookup.Application(t.Context(), c, app)
		require.NoError(t, err, app)
		require.Equal(t, want.AppID, found.AppID, app)
	}
	for _, app := range []string{"nothing", "api://nothing", "c0000000-0000-4000-8000-0000000000ff", "o'brien's or"} {
		found, err := lookup.Application(t.Context(), c, app)
		require.NoError(t, err, app)
		require.Nil(t, found, app)
	}
	_, err := lookup.Application(t.Context(), c, "orders")
	for _, words := range []string{"aztoken: 2 applications match", one.AppID, two.AppID, "use the client id of one"} {
		require.ErrorContains(t, err, words)
	}
}

func TestService(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	service := g.AddServicePrincipal(graphtest.Principal{DisplayName: "Microsoft Graph", AppID: "00000003-0000-0000-c000-000000000000"})
	found, err := lookup.Service(t.Context(), graphtest.Client(t, g), service.AppID)
	require.NoError(t, err)
	require.Equal(t, service.ID, found.ID)
	found, err = lookup.Service(t.Context(), graphtest.Client(t, g), service.ID)
	require.NoError(t, err)
	require.Nil(t, found, "that is its object id")
}

func TestReadingWithoutPermission(t *testing.T) {
	t.Parallel()
	g := graphtest.New(&graphtest.Options{Permissions: []string{}})
	c, ctx := graphtest.Client(t, g), t.Context()
	_, err := lookup.Application(ctx, c, "orders")
	require.ErrorContains(t, err, "aztoken: reading the application: 403")
	_, err = lookup.Service(ctx, c, "orders")
	require.ErrorContains(t, err, "aztoken: reading the service principal: 403")
	_, err = lookup.Identity(ctx, c, "orders", "")
	require.ErrorContains(t, err, "aztoken: reading the identity orders: 403")
	require.ErrorContains(t, err, "Application.Read.All")
}

func TestNoApplication(t *testing.T) {
	t.Parallel()
	for app, want := range map[string]string{
		"c0000000-0000-4000-8000-0000000000ff": "aztoken: the tenant has no application with the client id or object id c0000000-0000-4000-8000-0000000000ff; correct it, or sign in to its tenant",
		"api://orders":                         "aztoken: the tenant has no application with the App ID URI api://orders; use it exactly, or sign in to its tenant",
		"orders":                               `aztoken: the tenant has no application named "orders"; correct the name, or sign in to its tenant`,
	} {
		require.EqualError(t, lookup.NoApplication(app, ""), want)
	}
	require.ErrorContains(t, lookup.NoApplication("orders", "or register it"), "; correct the name, or register it, or sign in to its tenant")
	require.True(t, lookup.IsName("orders"))
	require.False(t, lookup.IsName("api://orders"))
	require.False(t, lookup.IsName("c0000000-0000-4000-8000-0000000000ff"))
}
