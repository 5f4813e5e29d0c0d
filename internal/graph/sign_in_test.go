package graph_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

// TestFakeSignIn: the tokens for a fake come from the fake; the credential is not asked.
func TestFakeSignIn(t *testing.T) {
	t.Parallel()
	const tenant = "7e000000-0000-4000-8000-000000000002"
	g := graphtest.NewServer(t, &graphtest.Options{TenantID: tenant})
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
	asked := 0
	c, err := graph.New(graph.Options{Credential: refusing{&asked}, Endpoint: g.URL})
	require.NoError(t, err)
	defer c.Close()
	require.Empty(t, c.TenantID(), "before the first call")
	for range 3 {
		found, err := c.Application(t.Context(), app.ID)
		require.NoError(t, err)
		require.Equal(t, app.AppID, found.AppID)
	}
	require.Zero(t, asked)
	require.Equal(t, tenant, c.TenantID())
	require.Len(t, g.Requests(), 3, "the sign-in is none")
}

func TestFakeSignInBelowAPath(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
	srv := httptest.NewServer(http.StripPrefix("/graph", g))
	defer srv.Close()
	c, err := graph.New(graph.Options{Endpoint: srv.URL + "/graph/"})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Application(t.Context(), app.ID)
	require.NoError(t, err)
}

func TestFakeSignInMistakes(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, free.Close())
	answering := func(status int, body string) string {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				t.Error("it is asked for a token, and given one")
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(srv.Close)
		return srv.URL
	}
	for name, c := range map[string]struct{ endpoint, want string }{
		"nothing listens":  {"http://" + free.Addr().String(), "refused"},
		"another server":   {answering(404, "not found"), "404 Not Found"},
		"a page":           {answering(200, "<html>"), "no token in its answer"},
		"an empty answer":  {answering(200, "{}"), "no token in its answer"},
		"a redirect, even": {answering(307, ""), "307"},
	} {
		client, err := graph.New(graph.Options{Endpoint: c.endpoint})
		require.NoError(t, err)
		_, err = client.Application(t.Context(), "x")
		require.ErrorContains(t, err, "no sign-in to the fake Graph: ", name)
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, "; start one with aztoken fake --graph", name)
		require.NotErrorIs(t, err, graph.ErrNotFound)
		client.Close()
	}
	client, err := graph.New(graph.Options{Endpoint: "http://" + free.Addr().String()})
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.Application(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
}

func TestIsSystemAssigned(t *testing.T) {
	t.Parallel()
	const identity = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
	for name, c := range map[string]struct {
		names []string
		want  bool
	}{
		"user-assigned":          {[]string{"isExplicit=True", identity}, false},
		"user-assigned, by id":   {[]string{identity}, false},
		"system-assigned":        {[]string{"isExplicit=False", "/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/vm"}, true},
		"system-assigned, by id": {[]string{"/subscriptions/s/resourcegroups/g/providers/Microsoft.Compute/virtualMachines/vm"}, true},
		"system-assigned, alone": {[]string{"isexplicit=false"}, true},
		"nobody knows":           {nil, false},
	} {
		require.Equal(t, c.want, graph.ServicePrincipal{AlternativeNames: c.names}.IsSystemAssigned(), name)
	}
}

func TestCloudIssuer(t *testing.T) {
	t.Parallel()
	for want, cloud := range map[string]graph.Cloud{
		"https://login.microsoftonline.com/t/v2.0": graph.Public(), "https://login.microsoftonline.us/t/v2.0": graph.USGovernment(),
		"https://login.partner.microsoftonline.cn/t/v2.0": graph.China(),
	} {
		require.Equal(t, want, cloud.Issuer("t"))
	}
}
