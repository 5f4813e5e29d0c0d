package grant_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
	"github.com/seed-ac726066/aztoken/internal/rollout"
	"github.com/seed-ac726066/aztoken/internal/rollout/rollouttest"
)

const armID = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker"

// wanted returns the simplest spec.
func wanted(to ...string) grant.Spec {
	return grant.Spec{App: "orders-api", Roles: []grant.Role{{Value: "consumer"}}, To: to}
}

// run makes one run of the command: it reads, plans and applies.
func run(ctx context.Context, c *graph.Client, w grant.Spec, tell func(rollout.Progress)) (grant.State, []grant.Step, error) {
	// This is virtual time, so that a mistake does not make the test endless.
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	s, err := grant.Read(ctx, c, w)
	if err != nil {
		return s, nil, err
	}
	steps, err := grant.Plan(w, s)
	if err != nil {
		return s, nil, err
	}
	if tell == nil {
		tell = func(rollout.Progress) {}
	}
	s, err = grant.Apply(ctx, c, s, steps, tell)
	return s, steps, err
}

// whole requires that everything is there that wanted asks for, once.
func whole(t *testing.T, g *graphtest.Server, worker graphtest.Principal) {
	t.Helper()
	apps := g.Applications()
	require.Len(t, apps, 1)
	app := apps[0]
	require.Equal(t, "orders-api", app.DisplayName)
	require.Equal(t, "orders-api", *app.UniqueName)
	require.Equal(t, "AzureADMyOrg", app.SignInAudience)
	require.Equal(t, []string{"api://" + app.AppID}, app.IdentifierURIs)
	require.Equal(t, 2, *app.API.RequestedAccessTokenVersion)
	require.Equal(t, []graphtest.Role{{
		ID: graph.RoleID(app.AppID, "consumer"), Value: "consumer", DisplayName: "Consumer", Description: "Callers with the role consumer",
		AllowedMemberTypes: []string{"Application"}, IsEnabled: true,
	}}, app.AppRoles)
	var services []graphtest.Principal
	for _, p := range g.Principals() {
		if p.AppID == app.AppID {
			services = append(services, p)
		}
	}
	require.Len(t, services, 1)
	require.True(t, services[0].AppRoleAssignmentRequired)
	assignments := g.Assignments()
	require.Len(t, assignments, 1)
	require.Equal(t, worker.ID, assignments[0].PrincipalID)
	require.Equal(t, services[0].ID, assignments[0].ResourceID)
	require.Equal(t, app.AppRoles[0].ID, assignments[0].AppRoleID)
}

// TestApply: a role is granted from nothing, and a second run writes nothing.
func TestApply(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	worker := g.AddManagedIdentity("worker", armID)
	c := graphtest.Client(t, g)
	s, steps, err := run(t.Context(), c, wanted("worker"), nil)
	require.NoError(t, err)
	require.Len(t, steps, 5)
	whole(t, g, worker)
	appID := g.Applications()[0].AppID
	require.Equal(t, "api://"+appID, s.Resource())
	require.Equal(t, []string{appID}, s.Audiences())

	writes := len(g.Writes())
	require.Equal(t, 5, writes, "one for each step")
	for _, to := range []string{"worker", worker.ID, worker.AppID, armID} {
		for _, app := range []string{"orders-api", appID, "api://" + appID} {
			w := wanted(to)
			w.App = app
			_, steps, err = run(t.Context(), c, w, nil)
			require.NoError(t, err)
			require.Empty(t, steps, app+" to "+to)
		}
	}
	require.Len(t, g.Writes(), writes)
}

// TestApplyResume: a run that ends at any write is resumed.
func TestApplyResume(t *testing.T) {
	t.Parallel()
	slow := graphtest.Lag{Requests: 2}
	for name, lags := range map[string]graphtest.Lags{
		"at once": {}, "slowly": {Applications: slow, ServicePrincipals: slow, References: slow, Roles: slow, Assignments: slow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollouttest.Resume(t, 5, func(t *testing.T) rollouttest.Command {
				g := graphtest.New(nil)
				worker := g.AddManagedIdentity("worker", armID)
				g.Delay(lags)
				c := graphtest.Client(t, g)
				return rollouttest.Command{
					Directory: g,
					Run: func(ctx context.Context) (int, error) {
						_, steps, err := run(ctx, c, wanted("worker"), nil)
						return len(steps), err
					},
					Complete: func(t *testing.T) { whole(t, g, worker) },
				}
			})
		})
	}
}

// TestApplyReplication: Apply waits for every kind of replication delay.
func TestApplyReplication(t *testing.T) {
	t.Parallel()
	for name, lags := range map[string]func(graphtest.Lag) graphtest.Lags{
		"applications":       func(l graphtest.Lag) graphtest.Lags { return graphtest.Lags{Applications: l} },
		"service principals": func(l graphtest.Lag) graphtest.Lags { return graphtest.Lags{ServicePrincipals: l} },
		"references":         func(l graphtest.Lag) graphtest.Lags { return graphtest.Lags{References: l} },
		"roles":              func(l graphtest.Lag) graphtest.Lags { return graphtest.Lags{Roles: l} },
		"assignments":        func(l graphtest.Lag) graphtest.Lags { return graphtest.Lags{Assignments: l} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := graphtest.New(nil)
				worker := g.AddManagedIdentity("worker", armID)
				// More than five minutes have been observed.
				g.Delay(lags(graphtest.Lag{Time: 6 * time.Minute}))
				start, waited := time.Now(), time.Duration(0)
				_, _, err := run(t.Context(), graphtest.Client(t, g), wanted("worker"), func(p rollout.Progress) {
					if !p.Done {
						require.Error(t, p.Why)
						require.GreaterOrEqual(t, p.Waited, time.Duration(0))
						waited = max(waited, p.Waited)
					}
				})
				require.NoError(t, err)
				whole(t, g, worker)
				require.Greater(t, waited, 4*time.Minute)
				require.Less(t, time.Since(start), 20*time.Minute)
				require.Less(t, len(g.Requests()), 150, "patience is no load")
			})
		})
	}
}

// TestApplyTimeout: waiting for replication ends with advice.
func TestApplyTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		worker := g.AddManagedIdentity("worker", armID)
		g.Delay(graphtest.Lags{References: graphtest.Lag{Time: time.Hour}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		c := graphtest.Client(t, g)
		_, _, err := run(ctx, c, wanted("worker"), nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "aztoken: could not assign consumer to worker")
		require.ErrorContains(t, err, "object ids of service principals, not of applications")
		require.ErrorContains(t, err, "(waited for 10m0s)")
		require.ErrorContains(t, err, "run the same command again, with a longer --timeout if needed")
		time.Sleep(time.Hour)
		_, left, err := run(t.Context(), c, wanted("worker"), nil)
		require.NoError(t, err)
		require.Len(t, left, 1)
		whole(t, g, worker)
	})
}

// TestApplyNewIdentity: a new identity is waited for.
func TestApplyNewIdentity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		g.Delay(graphtest.Lags{References: graphtest.Lag{Time: time.Minute}})
		worker := g.AddManagedIdentity("worker", armID)
		g.Delay(graphtest.Lags{})
		_, _, err := run(t.Context(), graphtest.Client(t, g), wanted("worker"), nil)
		require.NoError(t, err)
		whole(t, g, worker)
	})
}

// TestApplyPermissions: without a permission the run stops and names it.
func TestApplyPermissions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		have []string
		want []string
	}{
		"to read":   {nil, []string{"reading the application", "Application.Read.All"}},
		"to write":  {[]string{graphtest.ReadApplications}, []string{"could not register the application orders-api", "Application.ReadWrite.OwnedBy"}},
		"to assign": {[]string{graphtest.OwnApplications}, []string{"could not assign consumer to worker", "AppRoleAssignment.ReadWrite.All", "Cloud Application Administrator"}},
	} {
		g := graphtest.New(&graphtest.Options{Permissions: append([]string{}, c.have...)})
		worker := g.AddManagedIdentity("worker", armID)
		_, _, err := run(t.Context(), graphtest.Client(t, g), wanted(worker.ID), nil)
		require.Equal(t, graph.Forbidden, graph.KindOf(err), name)
		for _, want := range c.want {
			require.ErrorContains(t, err, want)
		}
		g.Permit(nil)
		_, _, err = run(t.Context(), graphtest.Client(t, g), wanted(worker.ID), nil)
		require.NoError(t, err)
		whole(t, g, worker)
	}
}

// TestApplyThrottling: throttling is waited out at each step.
func TestApplyThrottling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		worker := g.AddManagedIdentity("worker", armID)
		start := time.Now()
		_, _, err := run(t.Context(), graphtest.Client(t, g), wanted("worker"), func(p rollout.Progress) {
			if p.Done {
				g.Throttle(7, 30*time.Second) // more than a client retries by itself
			}
		})
		require.NoError(t, err)
		whole(t, g, worker)
		require.Greater(t, time.Since(start), 10*time.Minute)
	})
}

// TestApplyRevoke: a role is revoked, and a second run writes nothing.
func TestApplyRevoke(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(&graphtest.Options{PageSize: 1})
		worker, other := g.AddManagedIdentity("worker", armID), g.AddManagedIdentity("other", "")
		c := graphtest.Client(t, g)
		w := wanted("worker", "other")
		w.Roles = append(w.Roles, grant.Role{Value: "admin"})
		_, _, err := run(t.Context(), c, w, nil)
		require.NoError(t, err)
		require.Len(t, g.Assignments(), 4)

		g.Delay(graphtest.Lags{Assignments: graphtest.Lag{Time: time.Minute}})
		back := wanted("worker")
		back.Revoke = true
		start := time.Now()
		_, steps, err := run(t.Context(), c, back, nil)
		require.NoError(t, err)
		require.Len(t, steps, 1)
		require.GreaterOrEqual(t, time.Since(start), time.Minute, "until it is seen")
		left := g.Assignments()
		require.Len(t, left, 3)
		for _, a := range left {
			require.True(t, a.PrincipalID == other.ID || a.PrincipalID == worker.ID && a.AppRoleID == graph.RoleID(g.Applications()[0].AppID, "admin"))
		}
		writes := len(g.Writes())
		_, steps, err = run(t.Context(), c, back, nil)
		require.NoError(t, err)
		require.Empty(t, steps)
		require.Len(t, g.Writes(), writes)
		require.Len(t, g.Applications(), 1, "nothing else is deleted")
	})
}

func TestApplyIDType(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		g.AddManagedIdentity("worker", armID)
		_, _, err := run(t.Context(), graphtest.Client(t, g), wanted("worker"), nil)
		require.NoError(t, err)
		text, err := json.Marshal(g.Applications()[0].OptionalClaims)
		require.NoError(t, err)
		require.JSONEq(t, `{"accessToken":[{"name":"idtyp"}]}`, string(text))
	})
}

// TestApplyConcurrentRole: a role that somebody else adds in the meantime is assigned.
func TestApplyConcurrentRole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		worker := g.AddManagedIdentity("worker", armID)
		c := graphtest.Client(t, g)
		s, err := grant.Read(t.Context(), c, wanted("worker"))
		require.NoError(t, err)
		steps, err := grant.Plan(wanted("worker"), s)
		require.NoError(t, err)
		app, err := c.Register(t.Context(), "orders-api", "orders-api", 2)
		require.NoError(t, err)
		const theirs = "e0000000-0000-4000-8000-000000000009"
		require.NoError(t, c.SetAppRoles(t.Context(), app.ID, []graph.AppRole{{
			ID: theirs, Value: "consumer", DisplayName: "C", Description: "C", AllowedMemberTypes: []string{"Application"}, IsEnabled: true,
		}}))
		_, err = grant.Apply(t.Context(), c, s, steps, func(rollout.Progress) {})
		require.NoError(t, err)
		require.Len(t, g.Applications()[0].AppRoles, 1)
		require.Equal(t, theirs, g.Assignments()[0].AppRoleID)
		require.Equal(t, worker.ID, g.Assignments()[0].PrincipalID)
	})
}

// TestApplyServicePrincipalRole: the role of the service principal counts, not that of the
// application.
func TestApplyServicePrincipalRole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := graphtest.New(nil)
		g.AddManagedIdentity("worker", armID)
		c := graphtest.Client(t, g)
		_, _, err := run(t.Context(), c, wanted(), nil)
		require.NoError(t, err)
		s, err := grant.Read(t.Context(), c, wanted("worker"))
		require.NoError(t, err)
		steps, err := grant.Plan(wanted("worker"), s)
		require.NoError(t, err)
		s.Application.AppRoles[0].ID = roleID // of a role that somebody replaced in the meantime
		_, err = grant.Apply(t.Context(), c, s, steps, func(rollout.Progress) {})
		require.NoError(t, err)
		require.Equal(t, g.Applications()[0].AppRoles[0].ID, g.Assignments()[0].AppRoleID)
	})
}

// TestApplyRequireAssignment: an existing application can be limited to assignments.
func TestApplyRequireAssignment(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	app := g.AddApplication(graphtest.Application{DisplayName: "orders-api"})
	g.AddServicePrincipal(graphtest.Principal{AppID: app.AppID})
	g.Delay(graphtest.Lags{ServicePrincipals: graphtest.Lag{Requests: 100}})
	w := wanted()
	s, _, err := run(t.Context(), graphtest.Client(t, g), w, nil)
	require.NoError(t, err)
	require.False(t, s.Service.AppRoleAssignmentRequired, "not unless it is asked for")
	w.RequireAssignment = true
	s, steps, err := run(t.Context(), graphtest.Client(t, g), w, nil)
	require.NoError(t, err)
	require.Len(t, steps, 1)
	require.True(t, s.Service.AppRoleAssignmentRequired, "though it is not seen yet")
	require.True(t, g.Principals()[0].AppRoleAssignmentRequired)
}

// stale answers reads of applications by their id as they were before anything was added.
type stale struct{ *graphtest.Server }

func (s stale) Do(req *http.Request) (*http.Response, error) {
	resp, err := s.Server.Do(req)
	if err != nil || req.Method != http.MethodGet || !strings.HasPrefix(req.URL.Path, "/v1.0/applications/") {
		return resp, err
	}
	var app map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&app); err != nil {
		return nil, err
	}
	app["appRoles"], app["identifierUris"] = []any{}, []any{}
	text, err := json.Marshal(app)
	resp.Body = io.NopCloser(bytes.NewReader(text))
	return resp, err
}

// TestApplyStaleRead: a stale read loses nothing that was seen before.
func TestApplyStaleRead(t *testing.T) {
	t.Parallel()
	g := graphtest.New(nil)
	g.AddManagedIdentity("worker", armID)
	c, err := graph.New(graph.Options{Credential: graphtest.Credential{}, Transport: stale{g}})
	require.NoError(t, err)
	_, _, err = run(t.Context(), c, wanted("worker"), nil)
	require.NoError(t, err)
	more := wanted("worker")
	more.Roles = []grant.Role{{Value: "admin"}}
	more.URIs = []string{"https://orders.example.com"}
	_, _, err = run(t.Context(), c, more, nil)
	require.NoError(t, err)
	app := g.Applications()[0]
	require.Len(t, app.AppRoles, 2)
	require.Equal(t, []string{"api://" + app.AppID, "https://orders.example.com"}, app.IdentifierURIs)
}
