package grant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

const appID, roleID = "c0000000-0000-4000-8000-000000000001", "e0000000-0000-4000-8000-000000000001"

var worker = graph.ServicePrincipal{ID: "0b000000-0000-4000-8000-000000000001", AppID: "c0000000-0000-4000-8000-000000000002", DisplayName: "worker", Type: graph.ManagedIdentity}

// complete returns the state in which the plainest wish is met, changed a little.
func complete(change func(*grant.State)) grant.State {
	version := 2
	app := graph.Application{
		ID: "a0000000-0000-4000-8000-000000000001", AppID: appID, DisplayName: "orders-api", UniqueName: "orders-api", SignInAudience: "AzureADMyOrg",
		IdentifierURIs: []string{"api://" + appID},
		AppRoles: []graph.AppRole{{
			ID: roleID, Value: "consumer", DisplayName: "Consumer", Description: "Consumers", AllowedMemberTypes: []string{"Application"}, IsEnabled: true,
		}},
	}
	app.API.RequestedAccessTokenVersion = &version
	service := graph.ServicePrincipal{ID: "5e000000-0000-4000-8000-000000000001", AppID: appID, DisplayName: "orders-api", AppRoles: app.AppRoles, AppRoleAssignmentRequired: true}
	s := grant.State{
		Application: &app, Service: &service, Identities: []graph.ServicePrincipal{worker},
		Assignments: []graph.Assignment{{ID: "assignment", AppRoleID: roleID, PrincipalID: worker.ID, ResourceID: service.ID}},
	}
	change(&s)
	return s
}

func TestPlan(t *testing.T) {
	t.Parallel()
	foreign := func(s *grant.State) { s.Application = nil }
	for name, c := range map[string]struct {
		wanted func(*grant.Spec)
		state  func(*grant.State)
		want   []string
	}{
		"nothing": {},
		"everything": {state: func(s *grant.State) { *s = grant.State{Identities: s.Identities} }, want: []string{
			"register the application orders-api for this tenant, with tokens of version 2", "add the role consumer",
			"add the App ID URI api://<client id>", "create its service principal, and require an assignment", "assign consumer to worker (" + worker.ID + ")",
		}},
		"a name of its own": {
			wanted: func(w *grant.Spec) { w.DisplayName, w.TokenVersion, w.To = "Orders", 1, nil },
			state:  func(s *grant.State) { *s = grant.State{} }, want: []string{
				"register the application Orders for this tenant, with tokens of version 1", "add the role consumer",
				"add the App ID URI api://<client id>", "create its service principal, and require an assignment",
			},
		},
		"an assignment": {state: func(s *grant.State) { s.Assignments = nil }, want: []string{"assign consumer to worker (" + worker.ID + ")"}},
		"roles": {wanted: func(w *grant.Spec) {
			w.Registered = []grant.Role{{Value: "admin"}, {Value: "reader"}, {Value: "consumer"}}
		}, want: []string{"add the roles admin, reader"}},
		"another role to give": {wanted: func(w *grant.Spec) { w.Roles = append(w.Roles, grant.Role{Value: "admin"}) }, want: []string{
			"add the role admin", "assign admin to worker (" + worker.ID + ")",
		}},
		"nobody in particular": {wanted: func(w *grant.Spec) { w.Roles = []grant.Role{{Value: "admin", Members: []string{}}} }, want: []string{
			"add the role admin", "assign admin to worker (" + worker.ID + ")",
		}},
		"a URI":                  {wanted: func(w *grant.Spec) { w.URIs = []string{"api://{appId}", "https://x/{appId}", "https://x/{appId}"} }, want: []string{"add the App ID URI https://x/" + appID}},
		"any URI":                {state: func(s *grant.State) { s.Application.IdentifierURIs = nil }, want: []string{"add the App ID URI api://" + appID}},
		"a URI will do":          {state: func(s *grant.State) { s.Application.IdentifierURIs = []string{"https://x"} }},
		"the version":            {wanted: func(w *grant.Spec) { w.TokenVersion = 1 }, want: []string{"set its token version to 1"}},
		"the version is given":   {wanted: func(w *grant.Spec) { w.TokenVersion = 2 }},
		"version 1 is kept":      {state: func(s *grant.State) { s.Application.API.RequestedAccessTokenVersion = nil }},
		"the service principal":  {state: func(s *grant.State) { s.Service, s.Assignments = nil, nil }, want: []string{"create its service principal, and require an assignment", "assign consumer to worker (" + worker.ID + ")"}},
		"open to all":            {state: func(s *grant.State) { s.Service.AppRoleAssignmentRequired = false }},
		"no longer open":         {wanted: func(w *grant.Spec) { w.RequireAssignment = true }, state: func(s *grant.State) { s.Service.AppRoleAssignmentRequired = false }, want: []string{"require an assignment: identities without a role get no tokens for it"}},
		"another tenant's":       {state: func(s *grant.State) { foreign(s); s.Assignments = nil }, want: []string{"assign consumer to worker (" + worker.ID + ")"}},
		"to take back":           {wanted: func(w *grant.Spec) { w.Revoke = true }, want: []string{"revoke consumer from worker (" + worker.ID + ")"}},
		"nothing to take back":   {wanted: func(w *grant.Spec) { w.Revoke = true }, state: func(s *grant.State) { s.Assignments = nil }},
		"another's to take back": {wanted: func(w *grant.Spec) { w.Revoke = true }, state: func(s *grant.State) { s.Assignments[0].PrincipalID = "x" }},
	} {
		w := wanted("worker")
		if c.wanted != nil {
			c.wanted(&w)
		}
		if c.state == nil {
			c.state = func(*grant.State) {}
		}
		steps, err := grant.Plan(w, complete(c.state))
		require.NoError(t, err, name)
		var texts []string
		for _, step := range steps {
			texts = append(texts, step.Text)
		}
		require.Equal(t, c.want, texts, name)
	}
}

func TestPlanMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wanted func(*grant.Spec)
		state  func(*grant.State)
		want   string
	}{
		"a disabled role":         {state: func(s *grant.State) { s.Application.AppRoles[0].IsEnabled = false }, want: "enable it"},
		"a role for users":        {state: func(s *grant.State) { s.Application.AppRoles[0].AllowedMemberTypes = []string{"User"} }, want: "is for User; add Application"},
		"a new role for users":    {wanted: func(w *grant.Spec) { w.Roles = []grant.Role{{Value: "admin", Members: []string{"User"}}} }, want: "is for User; add Application"},
		"an id of another role":   {wanted: func(w *grant.Spec) { w.Registered = []grant.Role{{Value: "admin", ID: roleID}} }, want: "remove the id from the manifest"},
		"a role of another's":     {wanted: func(w *grant.Spec) { w.Roles = []grant.Role{{Value: "admin"}} }, state: func(s *grant.State) { s.Application = nil }, want: "use one of: consumer"},
		"an unknown role, revoke": {wanted: func(w *grant.Spec) { w.Roles, w.Revoke = []grant.Role{{Value: "admin"}}, true }, want: "use one of: consumer"},
	} {
		w := wanted("worker")
		if c.wanted != nil {
			c.wanted(&w)
		}
		if c.state == nil {
			c.state = func(*grant.State) {}
		}
		_, err := grant.Plan(w, complete(c.state))
		require.ErrorContains(t, err, c.want, name)
		require.ErrorContains(t, err, "aztoken: ", name)
	}
}

func TestStateResource(t *testing.T) {
	t.Parallel()
	v1 := func(s *grant.State) { s.Application.API.RequestedAccessTokenVersion = nil }
	for name, c := range map[string]struct {
		state     func(*grant.State)
		resource  string
		audiences []string
	}{
		"version 2":         {func(*grant.State) {}, "api://" + appID, []string{appID}},
		"version 1":         {v1, "api://" + appID, []string{"api://" + appID}},
		"version 1, no URI": {func(s *grant.State) { v1(s); s.Application.IdentifierURIs = nil }, appID, []string{appID}},
		"another tenant's":  {func(s *grant.State) { s.Application = nil }, appID, nil},
		"not there":         {func(s *grant.State) { *s = grant.State{} }, "", nil},
	} {
		s := complete(c.state)
		require.Equal(t, c.resource, s.Resource(), name)
		require.Equal(t, c.audiences, s.Audiences(), name)
	}
}

func TestParseRole(t *testing.T) {
	t.Parallel()
	r, err := grant.ParseRole("Orders.Read.All=Can read orders = all of them")
	require.NoError(t, err)
	require.Equal(t, grant.Role{Value: "Orders.Read.All", Description: "Can read orders = all of them"}, r)
	for _, text := range []string{"", "=x", ".x", "a b", "bücher", string(make([]byte, 251))} {
		_, err := grant.ParseRole(text)
		require.Error(t, err, text)
	}
}
