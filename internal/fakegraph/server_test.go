package fakegraph_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

var consumer = graphtest.Role{
	ID: "e0000000-0000-4000-8000-000000000001", Value: "consumer", DisplayName: "Consumer", Description: "Consumers",
	AllowedMemberTypes: []string{"Application"}, IsEnabled: true,
}

// service returns an application with a role and a service principal.
func service(g *graphtest.Server) (graphtest.Application, graphtest.Principal) {
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api", AppRoles: []graphtest.Role{consumer}})
	return app, g.AddServicePrincipal(graphtest.Principal{AppID: app.AppID, DisplayName: app.DisplayName})
}

// says requires an error of a kind with a text of Graph's.
func says(t *testing.T, err error, kind graph.Kind, words string) {
	t.Helper()
	require.ErrorContains(t, err, words)
	require.Equal(t, kind, graph.KindOf(err))
}

func TestServerRefusals(t *testing.T) {
	t.Parallel()
	t.Run("the ids of an assignment", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(nil)
		app, api := service(g)
		worker := g.AddManagedIdentity("worker", "")
		c, ctx := graphtest.Client(t, g), t.Context()
		says(t, c.Assign(ctx, worker.ID, app.ID, consumer.ID), graph.NotReplicated, "does not exist or one of its queried")
		says(t, c.Assign(ctx, app.ID, api.ID, consumer.ID), graph.NotReplicated, "Not a valid reference update")
		says(t, c.Assign(ctx, worker.AppID, api.ID, consumer.ID), graph.NotReplicated, "Not a valid reference update")
		says(t, c.Assign(ctx, worker.ID, api.ID, app.ID), graph.RoleNotThereYet, "was not found on application")
		require.Empty(t, g.Assignments())
		require.NoError(t, c.Assign(ctx, worker.ID, api.ID, consumer.ID))
		require.NoError(t, c.Assign(ctx, worker.ID, api.ID, consumer.ID), "400 already exists")
		require.Len(t, g.Assignments(), 1)
		require.Equal(t, http.StatusBadRequest, g.Writes()[5].Status)
	})
	t.Run("an assignment that is not seen yet", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(nil)
		_, api := service(g)
		worker := g.AddManagedIdentity("worker", "")
		g.Delay(graphtest.Lags{Assignments: graphtest.Lag{Requests: 2}})
		c, ctx := graphtest.Client(t, g), t.Context()
		require.NoError(t, c.Assign(ctx, worker.ID, api.ID, consumer.ID))
		require.NoError(t, c.Assign(ctx, worker.ID, api.ID, consumer.ID))
		require.Equal(t, http.StatusConflict, g.Writes()[1].Status)
		seen, err := c.AssignmentsOf(ctx, worker.ID, api.ID)
		require.NoError(t, err)
		require.Empty(t, seen)
		seen, err = c.AssignmentsOf(ctx, worker.ID, api.ID)
		require.NoError(t, err)
		require.Len(t, seen, 1)
		require.NoError(t, c.Unassign(ctx, api.ID, seen[0].ID))
		require.NoError(t, c.Unassign(ctx, api.ID, seen[0].ID), "it is gone")
		require.Empty(t, g.Assignments())
	})
	t.Run("an application that is not known yet", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(nil)
		g.Delay(graphtest.Lags{Applications: graphtest.Lag{Requests: 3}})
		c, ctx := graphtest.Client(t, g), t.Context()
		app, err := c.Register(ctx, "orders-api", "orders-api", 2)
		require.NoError(t, err)
		require.Equal(t, "AzureADMyOrg", app.SignInAudience)
		_, err = c.RequireAssignment(ctx, app.AppID)
		says(t, err, graph.NotReplicated, "backing application")
		_, err = c.RequireAssignment(ctx, app.AppID)
		says(t, err, graph.NotReplicated, "does not reference a valid application object")
		_, err = c.ApplicationByUniqueName(ctx, "orders-api")
		require.ErrorIs(t, err, graph.ErrNotFound)
		p, err := c.RequireAssignment(ctx, app.AppID)
		require.NoError(t, err)
		require.True(t, p.AppRoleAssignmentRequired)
		_, err = c.RequireAssignment(ctx, "c0000000-0000-4000-8000-000000000099")
		says(t, err, graph.NotReplicated, "does not reference a valid application object")
	})
	t.Run("App ID URIs", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(&graphtest.Options{VerifiedDomains: []string{"orders.example.com"}})
		app, _ := service(g)
		other := g.AddApplication(graphtest.Application{DisplayName: "other"})
		c, ctx := graphtest.Client(t, g), t.Context()
		says(t, c.SetIdentifierURIs(ctx, app.ID, []string{"api://orders"}), graph.BadIdentifierURI, "Failed to add identifier URI api://orders")
		for _, uri := range []string{"api://" + app.AppID, "api://" + graphtest.TenantID + "/orders", "https://orders.example.com"} {
			require.NoError(t, c.SetIdentifierURIs(ctx, app.ID, []string{uri}), uri)
		}
		says(t, c.SetIdentifierURIs(ctx, other.ID, []string{"https://orders.example.com"}), graph.Refused, "same value for property identifierUris")
		require.NoError(t, c.SetTokenVersion(ctx, app.ID, 2))
		require.NoError(t, c.SetIdentifierURIs(ctx, app.ID, []string{"api://orders"}), "tokens of version 2 have the client id as their audience")
	})
	t.Run("roles", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(nil)
		app, api := service(g)
		c, ctx := graphtest.Client(t, g), t.Context()
		read, err := c.Application(ctx, app.ID)
		require.NoError(t, err)
		require.ErrorContains(t, c.SetAppRoles(ctx, app.ID, append(read.AppRoles, read.AppRoles...)), "duplicate values")
		require.ErrorContains(t, c.SetAppRoles(ctx, app.ID, append(read.AppRoles, graph.AppRole{ID: "x"})), "invalid")
		g.Delay(graphtest.Lags{Roles: graphtest.Lag{Requests: 1}})
		more := graph.AppRole{
			ID: "e0000000-0000-4000-8000-000000000002", Value: "admin", DisplayName: "Admin", Description: "Admins",
			AllowedMemberTypes: []string{"Application"}, IsEnabled: true,
		}
		require.NoError(t, c.SetAppRoles(ctx, app.ID, append(read.AppRoles, more)))
		for _, want := range []int{1, 2} {
			p, err := c.ServicePrincipal(ctx, api.ID)
			require.NoError(t, err)
			require.Len(t, p.AppRoles, want)
		}
	})
}

func TestServerPermissions(t *testing.T) {
	t.Parallel()
	g := graphtest.New(&graphtest.Options{Permissions: []string{}})
	app, api := service(g)
	worker := g.AddManagedIdentity("worker", "")
	c, ctx := graphtest.Client(t, g), t.Context()
	register := func() error { _, err := c.Register(ctx, "x", "x", 2); return err }
	read := func() error { _, err := c.Application(ctx, app.ID); return err }
	assign := func() error { return c.Assign(ctx, worker.ID, api.ID, consumer.ID) }
	for _, refused := range []func() error{register, read, assign} {
		require.Equal(t, graph.Forbidden, graph.KindOf(refused()))
	}
	g.Permit([]string{graphtest.OwnApplications})
	require.NoError(t, register())
	require.NoError(t, read())
	require.Equal(t, graph.Forbidden, graph.KindOf(assign()))
	g.Permit([]string{graphtest.WriteAssignments})
	require.NoError(t, assign())
	require.Equal(t, graph.Forbidden, graph.KindOf(read()))
	g.Permit(nil)
	require.NoError(t, read())
}

func TestServerToken(t *testing.T) {
	t.Parallel()
	g := graphtest.New(&graphtest.Options{Host: "graph.microsoft.us"})
	_, err := graphtest.Client(t, g).Application(t.Context(), "x")
	require.Equal(t, graph.Unauthorized, graph.KindOf(err))
	for _, header := range []string{"", "Basic x", "Bearer x", "Bearer a.b.c"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"/v1.0/applications", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", header)
		resp, err := g.Do(req)
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	}
}

func TestServerDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		g.Delay(graphtest.Lags{Applications: graphtest.Lag{Time: 6 * time.Minute}})
		c := graphtest.Client(t, g)
		_, err := c.Register(t.Context(), "orders-api", "orders-api", 2)
		require.NoError(t, err)
		time.Sleep(6*time.Minute - time.Second)
		_, err = c.ApplicationByUniqueName(t.Context(), "orders-api")
		require.ErrorIs(t, err, graph.ErrNotFound)
		time.Sleep(time.Second)
		_, err = c.ApplicationByUniqueName(t.Context(), "orders-api")
		require.NoError(t, err)
	})
}

// TestServerInterrupt: the caller is ended before or after a write.
func TestServerInterrupt(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		g := graphtest.New(nil)
		app, _ := service(g)
		ctx, kill := context.WithCancel(t.Context())
		g.Interrupt(2, applied, kill)
		c := graphtest.Client(t, g)
		require.NoError(t, c.SetTokenVersion(ctx, app.ID, 1))
		require.NoError(t, ctx.Err())
		require.ErrorIs(t, c.SetTokenVersion(ctx, app.ID, 2), context.Canceled)
		now, err := c.Application(t.Context(), app.ID)
		require.NoError(t, err)
		require.Equal(t, applied, now.TokenVersion() == 2)
		require.Zero(t, g.Writes()[1].Status)
		require.NoError(t, c.SetTokenVersion(t.Context(), app.ID, 2), "the next caller lives")
	}
}

func TestServerUnknownCall(t *testing.T) {
	t.Parallel()
	srv := graphtest.NewServer(t, nil)
	c, err := graph.New(graph.Options{Endpoint: srv.URL})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.AssignmentsOf(t.Context(), "a/b", "x")
	require.ErrorContains(t, err, "fakegraph does not know")
	_, err = c.AssignmentsOf(t.Context(), "a", "x")
	require.ErrorIs(t, err, graph.ErrNotFound)
	require.Len(t, srv.Requests(), 2)
	require.Equal(t, "GET /servicePrincipals/a/appRoleAssignments: 404", srv.Requests()[1].String())
}

func TestServerFederatedCredentials(t *testing.T) {
	t.Parallel()
	credential := func(name, subject string) graph.FederatedCredential {
		return graph.FederatedCredential{
			Name: name, Issuer: "https://login.microsoftonline.com/" + graphtest.TenantID + "/v2.0", Subject: subject,
			Audiences: []string{"api://AzureADTokenExchange"},
		}
	}
	t.Run("rules", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(&graphtest.Options{PageSize: 7})
		app, _ := service(g)
		c, ctx := graphtest.Client(t, g), t.Context()
		require.NoError(t, c.AddFederatedCredential(ctx, app.ID, credential("one", "s1")))
		says(t, c.AddFederatedCredential(ctx, app.ID, credential("ONE", "s2")), graph.CredentialExists, "with name ONE already exists")
		says(t, c.AddFederatedCredential(ctx, app.ID, credential("two", "s1")), graph.CredentialExists, "combination of issuer and subject must be unique")
		says(t, c.AddFederatedCredential(ctx, app.AppID, credential("two", "s2")), graph.NotReplicated, "does not exist")
		for name, f := range map[string]graph.FederatedCredential{
			"no name":       credential("", "s"),
			"a short name":  credential("ab", "s"),
			"a long name":   credential(strings.Repeat("x", 121), "s"),
			"a name, not a": credential("-ab", "s"),
			"a space":       credential("a b", "s"),
			"no subject":    credential("two", ""),
			"no issuer":     {Name: "two", Subject: "s", Audiences: []string{"a"}},
			"no audience":   {Name: "two", Subject: "s", Issuer: "i"},
			"two audiences": {Name: "two", Subject: "s", Issuer: "i", Audiences: []string{"a", "b"}},
			"a long issuer": {Name: "two", Subject: "s", Issuer: strings.Repeat("x", 601), Audiences: []string{"a"}},
		} {
			err := c.AddFederatedCredential(ctx, app.ID, f)
			require.ErrorContains(t, err, "InvalidFederatedIdentityCredentialValue", name)
			require.Equal(t, graph.Refused, graph.KindOf(err), name)
		}
		for n := range 19 {
			require.NoError(t, c.AddFederatedCredential(ctx, app.ID, credential(fmt.Sprintf("more-%d", n), fmt.Sprintf("more %d", n))))
		}
		says(t, c.AddFederatedCredential(ctx, app.ID, credential("last", "last")), graph.TooManyCredentials, "remove one, or use another application")
		all, err := c.FederatedCredentials(ctx, app.ID)
		require.NoError(t, err)
		require.Len(t, all, 20, "on three pages")
		require.NoError(t, c.RemoveFederatedCredential(ctx, app.ID, all[0].ID))
		require.NoError(t, c.RemoveFederatedCredential(ctx, app.ID, all[0].ID), "it is gone")
		require.Len(t, g.FederatedCredentials(app.ID), 19)
	})
	t.Run("one that is not seen yet", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(nil)
		app, _ := service(g)
		g.Delay(graphtest.Lags{FederatedCredentials: graphtest.Lag{Requests: 2}})
		c, ctx := graphtest.Client(t, g), t.Context()
		require.NoError(t, c.AddFederatedCredential(ctx, app.ID, credential("one", "s")))
		says(t, c.AddFederatedCredential(ctx, app.ID, credential("two", "s")), graph.CredentialExists, "must be unique")
		for _, want := range []int{0, 1} {
			all, err := c.FederatedCredentials(ctx, app.ID)
			require.NoError(t, err)
			require.Len(t, all, want)
		}
	})
	t.Run("one without a subject", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(nil)
		app, _ := service(g)
		g.AddFederatedCredential(app.ID, graphtest.FederatedCredential{Name: "main", Issuer: "i", Audiences: []string{"a"}})
		_, err := graphtest.Client(t, g).FederatedCredentials(t.Context(), app.ID)
		require.ErrorContains(t, err, "a credential that matches by an expression")
	})
	t.Run("while something else writes", func(t *testing.T) {
		t.Parallel()
		g := graphtest.New(nil)
		app, _ := service(g)
		g.Contend(1)
		c, ctx := graphtest.Client(t, g), t.Context()
		says(t, c.AddFederatedCredential(ctx, app.ID, credential("one", "s")), graph.Conflict, "Please wait briefly and retry")
		require.NoError(t, c.AddFederatedCredential(ctx, app.ID, credential("one", "s")))
	})
}
