package federate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/federate"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

const (
	tenantID = "7e000000-0000-4000-8000-000000000001"
	issuer   = "https://login.microsoftonline.com/" + tenantID + "/v2.0"
	audience = "api://AzureADTokenExchange"
	armID    = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders-worker"
)

var (
	worker = graph.ServicePrincipal{
		ID: "0b000000-0000-4000-8000-00000000000a", AppID: "c0000000-0000-4000-8000-00000000000a", DisplayName: "orders-worker", Type: graph.ManagedIdentity,
		AlternativeNames: []string{"isExplicit=True", armID},
	}
	second = graph.ServicePrincipal{
		ID: "0b000000-0000-4000-8000-00000000000b", AppID: "c0000000-0000-4000-8000-00000000000b", DisplayName: "second", Type: graph.ManagedIdentity,
	}
	right  = graph.FederatedCredential{ID: "fc1", Name: "orders-worker", Issuer: issuer, Subject: worker.ID, Audiences: []string{audience}}
	github = graph.FederatedCredential{ID: "fc9", Name: "main", Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:o/r:ref:refs/heads/main", Audiences: []string{audience}}
)

// but returns a changed copy of a credential.
func but(f graph.FederatedCredential, change func(*graph.FederatedCredential)) graph.FederatedCredential {
	change(&f)
	return f
}

// registered returns a state with credentials.
func registered(credentials ...graph.FederatedCredential) federate.State {
	return federate.State{
		Application: graph.Application{ID: "a0000000-0000-4000-8000-000000000001", AppID: "c0000000-0000-4000-8000-000000000001", DisplayName: "orders-client", UniqueName: "orders-client"},
		TenantID:    tenantID, Identities: []graph.ServicePrincipal{worker}, Credentials: credentials,
	}
}

// full returns n credentials of others.
func full(n int) []graph.FederatedCredential {
	var all []graph.FederatedCredential
	for i := range n {
		all = append(all, but(github, func(f *graph.FederatedCredential) {
			f.ID, f.Name, f.Subject = fmt.Sprint("other", i), fmt.Sprint("other-", i), fmt.Sprint(f.Subject, i)
		}))
	}
	return all
}

func wanted(to ...string) federate.Spec {
	return federate.Spec{App: "orders-client", To: to, Cloud: graph.Public()}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	const (
		named  = "orders-worker (0b000000-0000-4000-8000-00000000000a)"
		add    = "add the federated credential orders-worker for " + named
		remove = "remove the federated credential orders-worker"
	)
	for name, c := range map[string]struct {
		wanted func(*federate.Spec)
		state  federate.State
		want   []string
	}{
		"nothing":                 {state: registered(right)},
		"among others":            {state: registered(github, right)},
		"under another name":      {state: registered(but(right, func(f *graph.FederatedCredential) { f.Name = "mine" }))},
		"under a name not wanted": {wanted: func(w *federate.Spec) { w.Name = "wanted" }, state: registered(right)},
		"a credential":            {state: registered(), want: []string{add}},
		"beside others":           {state: registered(github), want: []string{add}},
		"under a name": {wanted: func(w *federate.Spec) { w.Name = "wanted" }, state: registered(), want: []string{
			"add the federated credential wanted for " + named,
		}},
		"a name that is taken": {state: registered(but(github, func(f *graph.FederatedCredential) { f.Name = "Orders-Worker" })), want: []string{
			"add the federated credential orders-worker-2 for " + named,
		}},
		"another audience": {
			state: registered(but(right, func(f *graph.FederatedCredential) { f.Audiences = []string{"api://AzureADTokenExchangeUSGov"} })),
			want: []string{
				remove + `: its audience is "api://AzureADTokenExchangeUSGov", not "api://AzureADTokenExchange"`, add,
			},
		},
		"an audience of one's own": {
			wanted: func(w *federate.Spec) { w.Audience = "api://AirGap" }, state: registered(right),
			want: []string{remove + `: its audience is "api://AzureADTokenExchange", not "api://AirGap"`, add},
		},
		"an issuer in another case": {
			state: registered(but(right, func(f *graph.FederatedCredential) {
				f.Issuer = "https://Login.MicrosoftOnline.com/" + tenantID + "/v2.0"
			})),
			want: []string{
				remove + `: its issuer is "https://Login.MicrosoftOnline.com/` + tenantID + `/v2.0", not "` + issuer + `"`, add,
			},
		},
		"an issuer with a slash": {
			state: registered(but(right, func(f *graph.FederatedCredential) { f.Issuer += "/" })),
			want:  []string{remove + `: its issuer is "` + issuer + `/", not "` + issuer + `"`, add},
		},
		"an issuer of v1 tokens": {
			state: registered(but(right, func(f *graph.FederatedCredential) { f.Issuer = "https://sts.windows.net/" + tenantID + "/" })),
			want:  []string{remove + `: its issuer is "https://sts.windows.net/` + tenantID + `/", not "` + issuer + `"`, add},
		},
		"the client id as the subject": {
			state: registered(but(right, func(f *graph.FederatedCredential) { f.Subject = worker.AppID })),
			want:  []string{remove + `: its subject is "` + worker.AppID + `", not "` + worker.ID + `"`, add},
		},
		"a subject in another case": {
			state: registered(but(right, func(f *graph.FederatedCredential) {
				f.Subject, f.Name = "0B000000-0000-4000-8000-00000000000A", "upper"
			})),
			want: []string{
				`remove the federated credential upper: its subject is "0B000000-0000-4000-8000-00000000000A", not "` + worker.ID + `"`,
				"add the federated credential upper for " + named,
			},
		},
		"two that are wrong": {
			wanted: func(w *federate.Spec) { w.Name = "wanted" },
			state: registered(but(right, func(f *graph.FederatedCredential) { f.Audiences = []string{"x:y"} }), but(right, func(f *graph.FederatedCredential) {
				f.ID, f.Name, f.Issuer, f.Audiences = "fc2", "two", " "+f.Issuer, []string{"x:y"}
			})),
			want: []string{
				remove + `: its audience is "x:y", not "` + audience + `"`,
				`remove the federated credential two: its issuer is " ` + issuer + `", not "` + issuer + `", and its audience is "x:y", not "` + audience + `"`,
				"add the federated credential wanted for " + named,
			},
		},
		"a wrong one beside a right one": {state: registered(but(right, func(f *graph.FederatedCredential) { f.ID, f.Name, f.Issuer = "fc2", "two", f.Issuer+"/" }), right)},
		"the subject of another issuer": {
			state: registered(but(right, func(f *graph.FederatedCredential) { f.Name, f.Issuer = "other", "https://issuer.example/"+tenantID })), want: []string{add},
		},
		"another tenant's": {
			state: registered(but(right, func(f *graph.FederatedCredential) {
				f.Name, f.Issuer = "other", "https://login.microsoftonline.com/7e000000-0000-4000-8000-000000000002/v2.0"
			})), want: []string{add},
		},
		"the twentieth": {state: registered(full(19)...), want: []string{add}},
		"in place of one of twenty": {
			state: registered(append(full(19), but(right, func(f *graph.FederatedCredential) { f.Audiences = []string{"x:y"} }))...),
			want:  []string{remove + `: its audience is "x:y", not "` + audience + `"`, add},
		},
		"to revoke":            {wanted: func(w *federate.Spec) { w.Revoke = true }, state: registered(github, right), want: []string{remove + " of " + named}},
		"nothing to revoke":    {wanted: func(w *federate.Spec) { w.Revoke = true }, state: registered(github)},
		"a wrong one, revoked": {wanted: func(w *federate.Spec) { w.Revoke = true }, state: registered(but(right, func(f *graph.FederatedCredential) { f.Issuer += "/" })), want: []string{remove + " of " + named}},
		"one of thirty":        {wanted: func(w *federate.Spec) { w.Revoke = true }, state: registered(append(full(30), right)...), want: []string{remove + " of " + named}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wanted("orders-worker")
			if c.wanted != nil {
				c.wanted(&w)
			}
			steps, err := federate.Plan(w, c.state)
			require.NoError(t, err)
			var texts []string
			for _, step := range steps {
				texts = append(texts, step.Text)
			}
			require.Equal(t, c.want, texts)
		})
	}
}

func TestPlanCredential(t *testing.T) {
	t.Parallel()
	for host, cloud := range map[string]graph.Cloud{
		"login.microsoftonline.com": graph.Public(), "login.microsoftonline.us": graph.USGovernment(), "login.partner.microsoftonline.cn": graph.China(),
	} {
		w := wanted("orders-worker")
		w.Cloud = cloud
		steps, err := federate.Plan(w, registered())
		require.NoError(t, err)
		require.Len(t, steps, 1)
		require.Equal(t, graph.FederatedCredential{
			Name: "orders-worker", Issuer: "https://" + host + "/" + tenantID + "/v2.0", Subject: worker.ID, Audiences: []string{cloud.Audience()},
			Description: "The managed identity " + armID,
		}, steps[0].Credential)
	}
}

func TestPlanIdentities(t *testing.T) {
	t.Parallel()
	s := registered()
	twin := second
	twin.DisplayName = worker.DisplayName
	s.Identities = append(s.Identities, second, twin)
	s.Identities[2].ID = "0b000000-0000-4000-8000-00000000000c"
	steps, err := federate.Plan(wanted("a", "b", "c"), s)
	require.NoError(t, err)
	require.Len(t, steps, 3)
	require.Equal(t, "second", steps[1].Credential.Name)
	require.Equal(t, "orders-worker-2", steps[2].Credential.Name, "its name is taken by the first")
}

func TestPlanMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wanted func(*federate.Spec)
		state  federate.State
		want   []string
	}{
		"a name that is taken": {
			wanted: func(w *federate.Spec) { w.Name = "MAIN" }, state: registered(github),
			want: []string{"the federated credential main of orders-client is for the subject repo:o/r:ref:refs/heads/main of https://token.actions.githubusercontent.com", "use another --name"},
		},
		"a twenty-first": {
			state: registered(full(20)...), want: []string{"orders-client would have 21 federated credentials, and can have 20", "other-0, other-1,", "use another application"},
		},
	} {
		w := wanted("orders-worker")
		if c.wanted != nil {
			c.wanted(&w)
		}
		_, err := federate.Plan(w, c.state)
		for _, want := range append(c.want, "aztoken: ") {
			require.ErrorContains(t, err, want, name)
		}
	}
}
