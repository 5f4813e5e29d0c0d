package main_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

var plainFederate = []string{"federate", "--app", "orders-client", "--to", "orders-worker"}

// newClientTenant returns a tenant with an application that has no role of its own to grant.
func newClientTenant(t *testing.T, opts *graphtest.Options) (tenant, graphtest.Application) {
	t.Helper()
	d, unique := newTenant(t, opts), "orders-client"
	app := d.AddApplication(graphtest.Application{DisplayName: "orders-client", UniqueName: &unique})
	d.AddServicePrincipal(graphtest.Principal{AppID: app.AppID, DisplayName: app.DisplayName})
	return d, app
}

func TestFederate(t *testing.T) {
	t.Parallel()
	d, app := newClientTenant(t, nil)
	got := d.run(t, with(plainFederate, "--dry-run")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "federate-dry-run.text", got.stdout)
	require.Empty(t, d.Writes(), "a dry run writes nothing")

	got = d.run(t, with(plainFederate, "--yes")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "federate.text", got.stdout)
	golden(t, "federate.stderr", got.stderr)
	all := d.FederatedCredentials(app.ID)
	require.Len(t, all, 1)
	require.Equal(t, "https://login.microsoftonline.com/"+graphtest.TenantID+"/v2.0", all[0].Issuer)
	require.Equal(t, d.worker.ID, all[0].Subject)
	require.Equal(t, []string{"api://AzureADTokenExchange"}, all[0].Audiences)

	writes := len(d.Writes())
	got = d.run(t, plainFederate...)
	require.Zero(t, got.status, "there is nothing to ask: "+got.stderr)
	golden(t, "federate-again.text", got.stdout)
	require.Empty(t, got.stderr)
	require.Len(t, d.Writes(), writes)
	golden(t, "federate-again.text", d.run(t, with(plainFederate, "--audience", "api://AzureADTokenExchange")...).stdout)

	got = d.run(t, with(plainFederate, "--audience", "api://AirGap", "--yes")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "federate-replace.text", got.stdout)
	require.Equal(t, []string{"api://AirGap"}, d.FederatedCredentials(app.ID)[0].Audiences)

	got = d.run(t, with(plainFederate, "--revoke", "--yes")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "federate-revoke.text", got.stdout)
	require.Empty(t, d.FederatedCredentials(app.ID))
	require.Len(t, d.Applications(), 1)
	writes = len(d.Writes())
	require.Equal(t, "nothing to do: there is no such credential\n", d.run(t, with(plainFederate, "--revoke")...).stdout)
	got = d.run(t, with(plainFederate, "--revoke", "--yes", "--output=json")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, `"changed": false`)
	require.Len(t, d.Writes(), writes)
}

// TestFederateNoServicePrincipal: an application that cannot get tokens is reported.
func TestFederateNoServicePrincipal(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	app := d.AddApplication(graphtest.Application{DisplayName: "orders-client"})
	got := d.run(t, with(plainFederate, "--yes")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "orders-client has no service principal in the tenant, and so gets no tokens yet (AADSTS7000229); create it: az ad sp create --id "+app.AppID)
	require.NotContains(t, d.run(t, with(plainFederate, "--revoke", "--yes")...).stdout, "az ad sp create")
}

func TestFederateJSON(t *testing.T) {
	t.Parallel()
	d, _ := newClientTenant(t, nil)
	got := d.run(t, with(plainFederate, "--dry-run", "--output=json")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "federate-dry-run.json", got.stdout)
	got = d.run(t, with(plainFederate, "--yes", "--output=json")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "federate.json", got.stdout)
}

// TestFederateResume: a run that is killed at any write is resumed by the same command.
func TestFederateResume(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		for n := 1; n <= 2; n++ {
			d, app := newClientTenant(t, nil)
			d.AddFederatedCredential(app.ID, graphtest.FederatedCredential{
				Name: "orders-worker", Issuer: "https://sts.windows.net/" + graphtest.TenantID + "/", Subject: d.worker.ID, Audiences: []string{"api://AzureADTokenExchange"},
			})
			d.kill(t, n, applied, with(plainFederate, "--yes")...)

			got := d.run(t, with(plainFederate, "--yes")...)
			require.Zero(t, got.status, got.stderr)
			require.Len(t, d.FederatedCredentials(app.ID), 1, "write %d, applied %v", n, applied)
			got = d.run(t, plainFederate...)
			require.Zero(t, got.status, got.stderr)
			require.Contains(t, got.stdout, "nothing to do")
		}
	}
}

func TestFederateReplication(t *testing.T) {
	t.Parallel()
	d, app := newClientTenant(t, &graphtest.Options{PageSize: 1})
	d.Delay(graphtest.Lags{FederatedCredentials: graphtest.Lag{Requests: 2}})
	second := d.AddManagedIdentity("second", "")
	d.Throttle(1, time.Second)
	d.Contend(1)
	got := d.run(t, with(plainFederate, "--to", second.AppID, "--yes")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stderr, "Microsoft Graph is throttling; waiting 1s")
	require.Contains(t, got.stderr, "… confirm the federated credentials of orders-client: waiting for replication")
	require.Equal(t, http.StatusTooManyRequests, d.Requests()[0].Status)
	require.Len(t, d.FederatedCredentials(app.ID), 2)
	require.Contains(t, got.stdout, "second acts as orders-client by the federated credential second:")

	d.Delay(graphtest.Lags{FederatedCredentials: graphtest.Lag{Time: time.Hour}})
	got = d.run(t, with(plainFederate, "--revoke", "--yes", "--timeout", "1s", "--output=json")...)
	requireUnconfirmed(t, got)
}

func TestFederateMistakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opts   *graphtest.Options
		args   []string
		status int
		want   []string
	}{
		"nobody to ask":           {args: plainFederate, status: 1, want: []string{"nothing was changed: there is no terminal", "--yes"}},
		"no permission":           {opts: &graphtest.Options{Permissions: []string{graphtest.ReadApplications}}, args: with(plainFederate, "--yes"), status: 1, want: []string{"could not add the federated credential orders-worker", "Application.ReadWrite.OwnedBy", "Cloud Application Administrator"}},
		"no permission to read":   {opts: &graphtest.Options{Permissions: []string{}}, args: plainFederate, status: 1, want: []string{"reading the application", "Application.Read.All"}},
		"no application there":    {args: []string{"federate", "--app=nothing", "--to=orders-worker"}, status: 1, want: []string{`no application named "nothing"`, "register it first"}},
		"an unknown identity":     {args: []string{"federate", "--app=orders-client", "--to=nobody"}, status: 1, want: []string{"no managed identity is named"}},
		"a system-assigned one":   {args: []string{"federate", "--app=orders-client", "--to=vm"}, status: 1, want: []string{"is a system-assigned identity", "az identity create"}},
		"an application as one":   {args: []string{"federate", "--app=orders-client", "--to=c0000000-0000-4000-8000-0000000000aa"}, status: 1, want: []string{"of type Application, not a managed identity"}},
		"another's name":          {args: with(plainFederate, "--name=main", "--yes"), status: 1, want: []string{"the federated credential main of orders-client is for the subject", "use another --name"}},
		"a full application":      {args: []string{"federate", "--app=full", "--to=orders-worker", "--yes"}, status: 1, want: []string{"full would have 21 federated credentials, and can have 20"}},
		"two applications":        {args: []string{"federate", "--app=twin", "--to=orders-worker", "--yes"}, status: 1, want: []string{"2 applications match"}},
		"no application":          {args: []string{"federate", "--to=x"}, status: 2, want: []string{"set --app"}},
		"no identity":             {args: []string{"federate", "--app=x"}, status: 2, want: []string{"set --to"}},
		"an empty identity":       {args: []string{"federate", "--app=x", "--to="}, status: 2, want: []string{"--to is empty"}},
		"an empty name":           {args: with(plainFederate, "--name="), status: 2, want: []string{"cannot be the name of a federated credential"}},
		"a bad name":              {args: with(plainFederate, "--name=a b"), status: 2, want: []string{"use 3 to 120 letters"}},
		"a name for two":          {args: with(plainFederate, "--to=x", "--name=abc"), status: 2, want: []string{"--name is for one identity"}},
		"a bad audience":          {args: with(plainFederate, "--audience=exchange"), status: 2, want: []string{"cannot be an audience"}},
		"an empty audience":       {args: with(plainFederate, "--audience="), status: 2, want: []string{"cannot be an audience"}},
		"a name to revoke":        {args: with(plainFederate, "--revoke", "--name=abc"), status: 2, want: []string{"revoke"}},
		"an audience to revoke":   {args: with(plainFederate, "--revoke", "--audience=api://x"), status: 2, want: []string{"revoke"}},
		"a form unknown":          {args: with(plainFederate, "--emit=pulumi"), status: 2, want: []string{"az, terraform, bicep"}},
		"an emission to try":      {args: with(plainFederate, "--emit=az", "--dry-run"), status: 2, want: []string{"dry-run"}},
		"a cloud unknown":         {args: with(plainFederate, "--cloud=moon"), status: 2, want: []string{"usgovernment"}},
		"no time":                 {args: with(plainFederate, "--timeout=0s"), status: 2, want: []string{"--timeout"}},
		"the internet":            {args: with(plainFederate, "--endpoint=https://graph.example"), status: 2, want: []string{"an http or https address of this machine"}},
		"words":                   {args: with(plainFederate, "please"), status: 2, want: []string{"please"}},
		"another cloud's sign-in": {args: with(plainFederate, "--cloud=usgovernment"), status: 1, want: []string{"401 Unauthorized", "sign in again"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, app := newClientTenant(t, c.opts)
			d.AddManagedIdentity("vm", "/subscriptions/s/resourceGroups/RG/providers/Microsoft.Compute/virtualMachines/vm")
			d.AddServicePrincipal(graphtest.Principal{AppID: "c0000000-0000-4000-8000-0000000000aa", DisplayName: "other"})
			d.AddApplication(graphtest.Application{DisplayName: "twin"})
			d.AddApplication(graphtest.Application{DisplayName: "twin"})
			full := d.AddApplication(graphtest.Application{DisplayName: "full"})
			for i := range 20 {
				d.AddFederatedCredential(full.ID, graphtest.FederatedCredential{Name: strings.Repeat("x", 3+i), Issuer: "i", Subject: strings.Repeat("x", 1+i), Audiences: []string{"a"}})
			}
			d.AddFederatedCredential(app.ID, graphtest.FederatedCredential{Name: "main", Issuer: "i", Subject: "s", Audiences: []string{"a"}})
			args := c.args
			if !strings.Contains(strings.Join(args, " "), "--endpoint") {
				args = with(args, "--endpoint", d.URL)
			}
			got := d.signedIn().run(t, args...)
			requireAdvice(t, got, c.status, c.want)
			require.Len(t, d.FederatedCredentials(app.ID), 1)
			if name != "no permission" {
				require.Empty(t, d.Writes())
			}
		})
	}
}

func TestFederateEmit(t *testing.T) {
	t.Parallel()
	d, app := newClientTenant(t, nil)
	d.emit(t, plainFederate, map[string]string{
		"az": "#!/usr/bin/env bash\n", "terraform": "resource \"azuread_application_federated_identity_credential\"", "bicep": "federatedIdentityCredentials@v1.0",
	})
	require.Empty(t, d.FederatedCredentials(app.ID))
}

func TestFederateClouds(t *testing.T) {
	t.Parallel()
	for cloud, want := range map[string]struct{ graph, login, audience, variable string }{
		"public":       {"graph.microsoft.com", "login.microsoftonline.com", "api://AzureADTokenExchange", ""},
		"usgovernment": {"graph.microsoft.us", "login.microsoftonline.us", "api://AzureADTokenExchangeUSGov", "https://login.microsoftonline.us/"},
		"china":        {"microsoftgraph.chinacloudapi.cn", "login.partner.microsoftonline.cn", "api://AzureADTokenExchangeChina", "https://login.chinacloudapi.cn/"},
	} {
		d, app := newClientTenant(t, &graphtest.Options{Host: want.graph})
		got := d.run(t, with(plainFederate, "--yes", "--cloud", cloud)...)
		require.Zero(t, got.status, got.stderr)
		f := d.FederatedCredentials(app.ID)[0]
		require.Equal(t, "https://"+want.login+"/"+graphtest.TenantID+"/v2.0", f.Issuer)
		require.Equal(t, []string{want.audience}, f.Audiences)
		require.Equal(t, want.variable != "", strings.Contains(got.stdout, "AZURE_AUTHORITY_HOST="), got.stdout)
		require.Contains(t, got.stdout, want.variable)
		require.Equal(t, want.variable != "", strings.Contains(d.run(t, with(plainFederate, "--output=json", "--cloud", cloud)...).stdout, `"authority_host": "`+want.variable))
		got = d.run(t, with(plainFederate, "--emit=az", "--cloud", cloud)...)
		require.Contains(t, got.stdout, "graph='https://"+want.graph+"'")
	}
}

// TestFederatePrintable: control sequences are not printed.
func TestFederatePrintable(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	app := d.AddApplication(graphtest.Application{DisplayName: "a\x1b[2J"})
	evil := d.AddManagedIdentity("w\x1b[2J", "")
	d.AddFederatedCredential(app.ID, graphtest.FederatedCredential{
		Name: "evil", Issuer: "https://login.microsoftonline.com/" + graphtest.TenantID + "/v2.0", Subject: evil.ID, Audiences: []string{"\x1b[2J"},
	})
	got := d.run(t, "federate", "--app", app.AppID, "--to", evil.ID, "--yes")
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "w?[2J acts as a?[2J")
	require.NotContains(t, got.stdout+got.stderr, "\x1b")
}
