package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

var plainGrant = []string{"grant", "--app", "orders-api", "--role", "consumer=Consumers can read orders", "--to", "orders-worker"}

func TestGrant(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	got := d.run(t, with(plainGrant, "--dry-run")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "grant-dry-run.text", got.stdout)
	require.Empty(t, d.Writes(), "a dry run writes nothing")

	got = d.run(t, with(plainGrant, "--yes")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "grant.text", got.stdout)
	golden(t, "grant.stderr", got.stderr)
	require.Len(t, d.Assignments(), 1)
	require.Equal(t, d.worker.ID, d.Assignments()[0].PrincipalID)
	require.Equal(t, "Consumers can read orders", d.Applications()[0].AppRoles[0].Description)

	writes := len(d.Writes())
	got = d.run(t, plainGrant...)
	require.Zero(t, got.status, "there is nothing to ask: "+got.stderr)
	golden(t, "grant-again.text", got.stdout)
	require.Empty(t, got.stderr)
	got = d.run(t, with(plainGrant, "--output", "json")...)
	golden(t, "grant-again.json", got.stdout)
	require.Len(t, d.Writes(), writes)

	got = d.run(t, "roles", "--app", "orders-api")
	require.Zero(t, got.status, got.stderr)
	golden(t, "roles.text", strings.ReplaceAll(got.stdout, time.Now().UTC().Format(time.DateOnly), "DATE"))

	got = d.run(t, with(plainGrant, "--revoke", "--yes")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "grant-revoke.text", got.stdout)
	require.Empty(t, d.Assignments())
	require.Len(t, d.Applications(), 1)
	writes = len(d.Writes())
	got = d.run(t, with(plainGrant, "--revoke", "--yes", "--output=json")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, `"changed": false`)
	require.Len(t, d.Writes(), writes)
}

func TestGrantJSON(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	got := d.run(t, with(plainGrant, "--dry-run", "--output=json")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "grant-dry-run.json", got.stdout)
	got = d.run(t, with(plainGrant, "--yes", "--output=json")...)
	require.Zero(t, got.status, got.stderr)
	golden(t, "grant.json", got.stdout)
	got = d.run(t, "roles", "--app", "orders-api", "--output=json")
	require.Zero(t, got.status, got.stderr)
	golden(t, "roles.json", got.stdout)
}

// TestGrantResume: a run that is killed at any write is resumed by the same command.
func TestGrantResume(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{false, true} {
		for n := 1; n <= 5; n++ {
			d := newTenant(t, nil)
			d.kill(t, n, applied, with(plainGrant, "--yes")...)

			got := d.run(t, with(plainGrant, "--yes")...)
			require.Zero(t, got.status, got.stderr)
			require.Len(t, d.Applications(), 1, "write %d, applied %v", n, applied)
			require.Len(t, d.Applications()[0].AppRoles, 1)
			require.Equal(t, []string{"api://" + d.Applications()[0].AppID}, d.Applications()[0].IdentifierURIs)
			require.Len(t, d.Principals(), 2)
			require.Len(t, d.Assignments(), 1)
			got = d.run(t, plainGrant...)
			require.Zero(t, got.status, got.stderr)
			require.Contains(t, got.stdout, "nothing to do")
		}
	}
}

func TestGrantReplication(t *testing.T) {
	t.Parallel()
	d := newTenant(t, &graphtest.Options{PageSize: 1})
	once := graphtest.Lag{Requests: 1}
	d.Delay(graphtest.Lags{Applications: once, ServicePrincipals: once, References: once, Roles: once, Assignments: once})
	second := d.AddManagedIdentity("second", "")
	got := d.run(t, with(plainGrant, "--to", second.AppID, "--role", "admin", "--yes")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stderr, "… add the roles consumer, admin: waiting for replication, 0s\n")
	require.Len(t, d.Assignments(), 4, "two roles for each of two, which are on two pages")

	d.Delay(graphtest.Lags{Assignments: graphtest.Lag{Time: time.Hour}})
	got = d.run(t, with(plainGrant, "--role", "reader", "--yes", "--timeout", "1s", "--output=json")...)
	requireUnconfirmed(t, got)
}

func TestGrantThrottling(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	d.Throttle(1, time.Second)
	got := d.run(t, with(plainGrant, "--yes")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stderr, "Microsoft Graph is throttling; waiting 1s")
	require.Equal(t, http.StatusTooManyRequests, d.Requests()[0].Status)
}

func TestGrantMistakes(t *testing.T) {
	t.Parallel()
	refusing := imdstest.NewServer(t, nil)
	refusing.Break(imdstest.Error(400, "invalid_request", "Identity not found"))
	for name, c := range map[string]struct {
		opts   *graphtest.Options
		env    []string // of a real sign-in, which fails
		stdin  string
		args   []string
		status int
		want   []string
	}{
		"nobody to ask":             {args: plainGrant, status: 1, want: []string{"nothing was changed: there is no terminal", "--yes"}},
		"an answer in a pipe":       {args: plainGrant, stdin: "y\n", status: 1, want: []string{"there is no terminal"}},
		"no permission":             {opts: &graphtest.Options{Permissions: []string{graphtest.OwnApplications}}, args: with(plainGrant, "--yes"), status: 1, want: []string{"could not assign consumer to orders-worker", "AppRoleAssignment.ReadWrite.All", "Cloud Application Administrator"}},
		"no permission to read":     {opts: &graphtest.Options{Permissions: []string{}}, args: plainGrant, status: 1, want: []string{"reading the application", "Application.Read.All"}},
		"another cloud's token":     {args: with(plainGrant, "--cloud=usgovernment"), status: 1, want: []string{"401 Unauthorized", "sign in again"}},
		"an unknown identity":       {args: []string{"grant", "--app=a", "--role=r", "--to=nobody"}, status: 1, want: []string{"no managed identity is named"}},
		"no identity at Azure":      {env: append(refusing.AppService().Environ(), "AZURE_TOKEN_CREDENTIALS=prod", nowhere), args: plainGrant, status: 1, want: []string{"aztoken: signing in to Azure failed: ManagedIdentityCredential authentication failed.", "Identity not found", "run az login"}},
		"nobody is signed in":       {env: []string{"AZURE_TOKEN_CREDENTIALS=dev", "PATH=" + t.TempDir(), nowhere}, args: plainGrant, status: 1, want: []string{"aztoken: not signed in to Azure; run az login"}},
		"a sign-in that is unknown": {env: []string{"AZURE_TOKEN_CREDENTIALS=x", nowhere}, args: plainGrant, status: 1, want: []string{"AZURE_TOKEN_CREDENTIALS"}},
		"no manifest":               {args: with(plainGrant, "--manifest=/nonexistent"), status: 1, want: []string{"reading the manifest: "}},
		"a bad manifest":            {args: with(plainGrant, "--manifest=-", "--yes"), stdin: `{"approles":[]}`, status: 1, want: []string{"write appRoles"}},
		"nobody to ask, surely":     {args: with(plainGrant, "--manifest=-"), stdin: "{}", status: 2, want: []string{"add --yes or --dry-run"}},
		"no application":            {args: []string{"grant", "--role=r", "--to=x"}, status: 2, want: []string{"set --app"}},
		"no role":                   {args: []string{"grant", "--app=a", "--to=x"}, status: 2, want: []string{"set --role"}},
		"no role to give":           {args: []string{"grant", "--app=a", "--to=x", "--manifest=m"}, status: 2, want: []string{"set --role"}},
		"a bad role":                {args: []string{"grant", "--app=a", "--to=x", "--role=a b"}, status: 2, want: []string{"cannot be the value"}},
		"a bad URI":                 {args: with(plainGrant, "--uri=orders"), status: 2, want: []string{"cannot be an App ID URI"}},
		"an empty identity":         {args: []string{"grant", "--app=a", "--to=", "--role=r"}, status: 2, want: []string{"--to is empty"}},
		"nobody to take it from":    {args: []string{"grant", "--app=a", "--role=r", "--revoke"}, status: 2, want: []string{"set --to"}},
		"a URI to take back":        {args: with(plainGrant, "--revoke", "--uri=api://x"), status: 2, want: []string{"revoke"}},
		"a form unknown":            {args: with(plainGrant, "--emit=pulumi"), status: 2, want: []string{"az, terraform, bicep"}},
		"a cloud unknown":           {args: with(plainGrant, "--cloud=moon"), status: 2, want: []string{"usgovernment"}},
		"no time":                   {args: with(plainGrant, "--timeout=0s"), status: 2, want: []string{"--timeout"}},
		"an endpoint of nothing":    {args: with(plainGrant, "--endpoint="), status: 2, want: []string{"--endpoint is empty"}},
		"the internet":              {args: with(plainGrant, "--endpoint=https://graph.example"), status: 2, want: []string{"an http or https address of this machine"}},
		"words":                     {args: with(plainGrant, "please"), status: 2, want: []string{"please"}},
		"roles of nothing":          {args: []string{"roles", "--app=nothing"}, status: 1, want: []string{`no application named "nothing"`}},
		"roles without a name":      {args: []string{"roles"}, status: 2, want: []string{"set --app"}},
		"roles without permission":  {opts: &graphtest.Options{Permissions: []string{}}, args: []string{"roles", "--app=x"}, status: 1, want: []string{"Application.Read.All"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTenant(t, c.opts)
			i := d.signedIn()
			i.stdin = c.stdin
			args := c.args
			if c.env != nil {
				i.env = c.env
			} else if !strings.Contains(strings.Join(args, " "), "--endpoint") {
				args = with(args, "--endpoint", d.URL)
			}
			got := i.run(t, args...)
			requireAdvice(t, got, c.status, c.want)
			require.Empty(t, d.Assignments())
			if name != "no permission" {
				require.Empty(t, d.Writes())
			}
		})
	}
}

func TestGrantExpiredSignIn(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the Azure CLI is a shell script")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "az"), []byte(`#!/bin/sh
echo 'ERROR: AADSTS700082: The refresh token has expired due to inactivity.
Trace ID: 1
Interactive authentication is needed. Please run:
az login' >&2
exit 1
`), 0o700))
	got := invocation{env: append(imdstest.Environment{}.Environ(), "AZURE_TOKEN_CREDENTIALS=dev", "PATH="+dir+":/bin:/usr/bin", nowhere)}.run(t, plainGrant...)
	require.Equal(t, 1, got.status)
	golden(t, "grant-expired.stderr", got.stderr)
}

// TestGrantOpenApplication: an application that is open to all identities is reported.
func TestGrantOpenApplication(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	app := d.AddApplication(graphtest.Application{DisplayName: "orders-api"})
	d.AddServicePrincipal(graphtest.Principal{AppID: app.AppID})
	got := d.run(t, with(plainGrant, "--yes")...)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "--require-assignment prevents that")
	got = d.run(t, with(plainGrant, "--yes", "--require-assignment")...)
	require.Zero(t, got.status, got.stderr)
	require.NotContains(t, got.stdout, "--require-assignment")
	require.True(t, d.Principals()[1].AppRoleAssignmentRequired)
}

// TestGrantPrintable: control sequences are not printed.
func TestGrantPrintable(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	d.AddManagedIdentity("twin", "/subscriptions/\x1b[2J\u202e")
	twin := d.AddManagedIdentity("twin", "")
	got := d.run(t, "grant", "--app", "a\x1b[2J", "--role", "r", "--to", twin.ID, "--dry-run")
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "a?[2J")
	require.NotContains(t, got.stdout, "\x1b")
	got = d.run(t, "grant", "--app", "a", "--role", "r", "--to", "twin")
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "2 managed identities match")
	got = d.signedIn().run(t, "grant", "--app", "a", "--role", "r", "--to", "twin", "--endpoint", d.URL)
	require.Contains(t, got.stderr, "/subscriptions/?[2J?\n")
	require.NotContains(t, ownWords(got.stderr), "\x1b")
}

func TestGrantManifest(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	file := filepath.Join(t.TempDir(), "manifest.json")
	require.NoError(t, os.WriteFile(file, []byte(`{
		"appId": "c0000000-0000-4000-8000-000000000099", "displayName": "Orders", "identifierUris": ["api://c0000000-0000-4000-8000-000000000099"],
		"api": {"requestedAccessTokenVersion": 1},
		"appRoles": [{"id": "e0000000-0000-4000-8000-000000000001", "value": "consumer", "displayName": "Consumer", "description": "Consumers", "allowedMemberTypes": ["Application"], "isEnabled": true},
			{"id": "e0000000-0000-4000-8000-000000000002", "value": "admin", "displayName": "Admin", "description": "Admins", "allowedMemberTypes": ["User"], "isEnabled": true}]
	}`), 0o600))
	got := d.run(t, "grant", "--app", "orders-api", "--manifest", file, "--role", "consumer", "--to", workerARM, "--yes")
	require.Zero(t, got.status, got.stderr)
	app := d.Applications()[0]
	require.Equal(t, "Orders", app.DisplayName)
	require.Equal(t, "orders-api", *app.UniqueName)
	require.Equal(t, []string{"api://" + app.AppID}, app.IdentifierURIs, "its own client id, not that of the manifest")
	require.Equal(t, 1, *app.API.RequestedAccessTokenVersion)
	require.Len(t, app.AppRoles, 2)
	require.Equal(t, "e0000000-0000-4000-8000-000000000001", d.Assignments()[0].AppRoleID)
	require.Contains(t, got.stdout, "audience  api://"+app.AppID, "tokens of version 1 have what was asked for")
}

func TestGrantEmit(t *testing.T) {
	t.Parallel()
	d := newTenant(t, nil)
	d.emit(t, plainGrant, map[string]string{
		"az": "#!/usr/bin/env bash\n", "terraform": "resource \"azuread_app_role_assignment\"", "bicep": "extension microsoftGraphV1",
	})
	require.Empty(t, d.Writes())
}

// TestGrantEmitWithoutSignIn: the text for a new application is written from the flags alone.
func TestGrantEmitWithoutSignIn(t *testing.T) {
	t.Parallel()
	nobody := invocation{env: []string{"AZURE_TOKEN_CREDENTIALS=dev", "PATH=" + t.TempDir(), nowhere}}
	wrong := invocation{env: []string{"AZURE_TOKEN_CREDENTIALS=x", nowhere}}
	for form, want := range map[string][]string{
		"az":        {"# Grants consumer of the new application orders-api to orders-worker.\n", "displayName eq '\\''orders-worker'\\''", "retry assign \"$identity_orders_worker\" "},
		"terraform": {`variable "orders_worker_object_id"`, "principal_object_id = var.orders_worker_object_id"},
		"bicep":     {"param orders_worker_object_id string", "principalId: orders_worker_object_id"},
	} {
		for _, i := range []invocation{nobody, wrong} {
			got := i.run(t, with(plainGrant, "--emit", form)...)
			require.Zero(t, got.status, got.stderr)
			require.Equal(t, "aztoken: not signed in: written for a new application, without a look at the directory; sign in (az login) if it exists already\n", got.stderr)
			for _, words := range want {
				require.Contains(t, got.stdout, words)
			}
			require.NotContains(t, got.stdout, "import {")
			x := tempt(t)
			asked := invocation{env: x.environ}.run(t, with(plainGrant, "--emit", form, "--new")...)
			require.Zero(t, asked.status, asked.stderr)
			require.Equal(t, got.stdout, asked.stdout)
			require.Empty(t, asked.stderr)
			x.resisted(t)
		}
	}
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"an application by its URI": {[]string{"grant", "--app=api://orders", "--role=r", "--to=x", "--emit=az"}, 1, "not signed in to Azure"},
		"an application by its id":  {[]string{"grant", "--app=c0000000-0000-4000-8000-000000000001", "--role=r", "--to=x", "--emit=az"}, 1, "not signed in to Azure"},
		"a role to revoke":          {with(plainGrant, "--emit=az", "--revoke"), 1, "not signed in to Azure"},
		"a new one by its URI":      {[]string{"grant", "--app=api://orders", "--role=r", "--to=x", "--emit=az", "--new"}, 2, "--new is for the name of an application"},
		"a new one to revoke from":  {with(plainGrant, "--emit=az", "--revoke", "--new"), 2, "revoke"},
		"a new one to apply":        {with(plainGrant, "--new"), 2, "--new is for --emit"},
		"what cannot be":            {with(plainGrant, "--emit=bicep", "--new", "--cloud=china"), 1, "only the public cloud"},
	} {
		got := nobody.run(t, c.args...)
		require.Equal(t, c.status, got.status, name)
		require.Contains(t, got.stderr, c.want, name)
		require.Empty(t, got.stdout)
	}
}

func TestGrantClouds(t *testing.T) {
	t.Parallel()
	for cloud, host := range map[string]string{"public": "graph.microsoft.com", "usgovernment": "graph.microsoft.us", "china": "microsoftgraph.chinacloudapi.cn"} {
		d := newTenant(t, &graphtest.Options{Host: host})
		got := d.run(t, with(plainGrant, "--yes", "--cloud", cloud)...)
		require.Zero(t, got.status, got.stderr)
		require.Len(t, d.Assignments(), 1)
		got = d.run(t, with(plainGrant, "--emit=az", "--cloud", cloud)...)
		require.Contains(t, got.stdout, "graph='https://"+host+"'")
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	d := newTenant(t, &graphtest.Options{PageSize: 2})
	role := graphtest.Role{ID: "e0000000-0000-4000-8000-000000000001", Value: "consumer", DisplayName: "Consumer", Description: "Consumers", AllowedMemberTypes: []string{"Application"}, IsEnabled: true}
	old := graphtest.Role{ID: "e0000000-0000-4000-8000-000000000002", Value: "old", DisplayName: "Old", Description: "Old", AllowedMemberTypes: []string{"Application"}}
	app := d.AddApplication(graphtest.Application{DisplayName: "orders-api", AppRoles: []graphtest.Role{role, old}})
	service := d.AddServicePrincipal(graphtest.Principal{AppID: app.AppID, DisplayName: "orders-api"})
	day := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	for _, a := range []graphtest.Assignment{
		{AppRoleID: role.ID, PrincipalID: d.worker.ID, PrincipalDisplayName: "orders-worker", PrincipalType: "ServicePrincipal"},
		{AppRoleID: role.ID, PrincipalID: "0b000000-0000-4000-8000-000000000008", PrincipalDisplayName: "\x1b[2JÄnne", PrincipalType: "User"},
		{AppRoleID: role.ID, PrincipalID: "0b000000-0000-4000-8000-000000000007", PrincipalDisplayName: "billing-job", PrincipalType: "ServicePrincipal"},
		{AppRoleID: "00000000-0000-0000-0000-000000000000", PrincipalID: "0b000000-0000-4000-8000-000000000006", PrincipalDisplayName: "operators", PrincipalType: "Group"},
		{AppRoleID: "e0000000-0000-4000-8000-000000000009", PrincipalID: d.worker.ID, PrincipalDisplayName: "orders-worker", PrincipalType: "ServicePrincipal"},
	} {
		a.ResourceID, a.CreatedOn = service.ID, day
		d.AddAssignment(a)
	}
	got := d.run(t, "roles", "--app", "orders-api")
	require.Zero(t, got.status, got.stderr)
	golden(t, "roles-all.text", got.stdout)
	got = d.run(t, "roles", "--app", app.AppID, "--output=json")
	require.Zero(t, got.status, got.stderr)
	golden(t, "roles-all.json", got.stdout)
}
