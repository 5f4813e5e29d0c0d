package grant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/emit/emittest"
	"github.com/seed-ac726066/aztoken/internal/goldenfile"
	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

const host = "graph.microsoft.com"

// emissions returns specs and states, by the name of the file with the expected output.
func emissions() map[string]struct {
	wanted grant.Spec
	state  grant.State
} {
	type emission = struct {
		wanted grant.Spec
		state  grant.State
	}
	odd := worker
	odd.DisplayName = "o'brien\n\"${evil}\" `rm` \u202e"
	second := worker
	second.ID = "0b000000-0000-4000-8000-000000000002"
	everything := wanted("worker")
	everything.Registered = []grant.Role{{Value: "admin", Description: "Admins", Members: []string{"User", "Application"}}}
	strange := wanted("worker")
	strange.App = "o'brien's \"${orders}\" %{if} $(rm) `rm` \\"
	strange.Roles = []grant.Role{{Value: "it's", Description: "a\nb \"c\" ${d} `e` $(f) 'g' \\"}}
	strange.URIs = []string{"https://orders.example.com", "api://{appId}/o'brien"}
	foreign := complete(func(s *grant.State) { s.Application, s.Assignments = nil, nil })
	foreign.Service.DisplayName = "Microsoft Graph"
	back := wanted("worker")
	back.Revoke = true
	half := complete(func(s *grant.State) {
		s.Assignments, s.Application.IdentifierURIs = nil, nil
		s.Identities = append(s.Identities, second)
		s.Application.AppRoles = append(s.Application.AppRoles, graph.AppRole{ID: "e0000000-0000-4000-8000-000000000002", DisplayName: "No value", Description: "None", AllowedMemberTypes: []string{"User"}})
	})
	unread, ok := grant.Unread(grant.Spec{App: "orders-api", To: []string{"orders-worker", worker.ID, armID, "o'brien's \"${x}\" $(rm)"}})
	if !ok {
		panic("it is about a new application")
	}
	return map[string]emission{
		"unread":  {everything, unread},
		"new":     {everything, grant.State{Identities: []graph.ServicePrincipal{worker}}},
		"there":   {wanted("worker"), complete(func(*grant.State) {})},
		"half":    {everything, half},
		"strange": {strange, grant.State{Identities: []graph.ServicePrincipal{odd}}},
		"foreign": {grant.Spec{App: appID, Roles: []grant.Role{{Value: "consumer"}}}, foreign},
		"back":    {back, complete(func(*grant.State) {})},
	}
}

func TestEmit(t *testing.T) {
	t.Parallel()
	for name, e := range emissions() {
		for _, form := range emit.Forms() {
			text, err := grant.Emit(emit.Form(form), e.wanted, e.state, host)
			if e.wanted.Revoke && form != "az" {
				require.ErrorContains(t, err, "by removing its assignment")
				continue
			}
			require.NoError(t, err, name)
			file := name + "." + form
			require.Equal(t, goldenfile.Content(t, file, text), text, file)
		}
	}
}

func TestEmitAz(t *testing.T) {
	t.Parallel()
	for name, e := range emissions() {
		text, err := grant.Emit(emit.AzureCLI, e.wanted, e.state, host)
		require.NoError(t, err)
		emittest.Script(t, name, text)
	}
}

func TestEmitTerraform(t *testing.T) {
	t.Parallel()
	for name, e := range emissions() {
		if e.wanted.Revoke {
			continue
		}
		text, err := grant.Emit(emit.Terraform, e.wanted, e.state, host)
		require.NoError(t, err)
		emittest.Configuration(t, name, text)
	}
}

func TestEmitMistakes(t *testing.T) {
	t.Parallel()
	_, err := grant.Emit(emit.Bicep, wanted("worker"), complete(func(*grant.State) {}), graph.China().Host)
	require.ErrorContains(t, err, "supports only the public cloud")
	_, err = grant.Emit(emit.Bicep, wanted("worker"), complete(func(s *grant.State) { s.Application.UniqueName, s.Service, s.Assignments = "", nil, nil }), host)
	require.ErrorContains(t, err, "unique name")
	_, err = grant.Emit(emit.Bicep, wanted("worker"), complete(func(s *grant.State) { s.Application.UniqueName, s.Assignments = "", nil }), host)
	require.NoError(t, err, "nothing of the application is missing")
	_, err = grant.Emit("pulumi", wanted("worker"), complete(func(*grant.State) {}), host)
	require.ErrorContains(t, err, "az, terraform, bicep")
	_, err = grant.Emit(emit.AzureCLI, wanted("worker"), complete(func(s *grant.State) { s.Application.AppRoles[0].IsEnabled = false }), host)
	require.ErrorContains(t, err, "enable it")
}
