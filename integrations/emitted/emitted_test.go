package emitted_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/federate"
	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

const armID = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders-worker"

// directory is a fake Graph and what a script needs to call it.
type directory struct {
	*graphtest.Server
	client  *graph.Client
	worker  graphtest.Principal
	environ []string
}

func newDirectory(t *testing.T) directory {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash to run the scripts")
	}
	g := graphtest.NewServer(t, nil)
	client, err := graph.New(graph.Options{Endpoint: g.URL})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(self, filepath.Join(dir, "az")))
	// The fake needs no real waiting, so sleep returns at once. With IMPATIENT=false it fails and
	// so ends the script.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sleep"), []byte("#!/bin/sh\nexec ${IMPATIENT:-true}\n"), 0o700))
	return directory{g, client, g.AddManagedIdentity("orders-worker", armID), []string{
		"PATH=" + dir + ":/usr/bin:/bin", graphVariable + "=" + g.URL,
		// Otherwise each of many processes sleeps for a second on exit.
		"GORACE=atexit_sleep_ms=0",
	}}
}

// run runs a script and returns its output.
func (d directory) run(t *testing.T, script string) (said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash")
	cmd.Stdin, cmd.Env = strings.NewReader(script), d.environ
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, out)
	return string(out)
}

// granted requires that nothing is left to do for a grant.
func (d directory) granted(t *testing.T, w grant.Spec) {
	t.Helper()
	s, err := grant.Read(t.Context(), d.client, w)
	require.NoError(t, err)
	steps, err := grant.Plan(w, s)
	require.NoError(t, err)
	require.Empty(t, steps)
}

// grantScript returns the script emitted for a grant, by a user who is signed in or not.
func (d directory) grantScript(t *testing.T, w grant.Spec, signedIn bool) string {
	t.Helper()
	s, ok := grant.Unread(w)
	if signedIn {
		var err error
		s, err = grant.Read(t.Context(), d.client, w)
		require.NoError(t, err)
	} else {
		require.True(t, ok)
	}
	script, err := grant.Emit(emit.AzureCLI, w, s, graph.Public().Host)
	require.NoError(t, err)
	return script
}

func TestGrantScript(t *testing.T) {
	t.Parallel()
	plain := grant.Spec{
		App: "o'brien's $(orders) `x`", Roles: []grant.Role{{Value: "it's", Description: "a \"b\" ${c} `d` \\"}}, To: []string{"orders-worker"},
		Registered: []grant.Role{{Value: "admin", Members: []string{"User", "Application"}}}, URIs: []string{"api://{appId}", "api://orders"},
	}
	for name, signedIn := range map[string]bool{"by somebody who is signed in": true, "from the flags alone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDirectory(t)
			once := graphtest.Lag{Requests: 1}
			d.Delay(graphtest.Lags{Applications: once, ServicePrincipals: once, Roles: once, References: once, Assignments: once})
			script := d.grantScript(t, plain, signedIn)
			require.Contains(t, d.run(t, script), "trying again", "what is not replicated yet is waited for")
			d.Delay(graphtest.Lags{})
			d.granted(t, plain)
			require.Len(t, d.Assignments(), 1)
			require.Equal(t, d.worker.ID, d.Assignments()[0].PrincipalID)
			require.Len(t, d.Applications(), 1)
			require.Len(t, d.Applications()[0].AppRoles, 2)

			before := d.Applications()
			d.run(t, script)
			require.Equal(t, before, d.Applications(), "again, it changes nothing")
			require.Len(t, d.Assignments(), 1)

			back := plain
			back.Revoke, back.URIs, back.Registered = true, nil, nil
			script = d.grantScript(t, back, true)
			for range 2 {
				d.run(t, script)
				require.Empty(t, d.Assignments())
			}
		})
	}
}

// TestGrantScriptIdentities tests that a script looks up identities that were not resolved before.
func TestGrantScriptIdentities(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	odd := d.AddManagedIdentity("o'brien & söhne", "")
	d.AddManagedIdentity("twin", "")
	d.AddManagedIdentity("twin", "")
	for to, want := range map[string]string{
		"orders-worker": d.worker.ID, d.worker.ID: d.worker.ID, d.worker.AppID: d.worker.ID, armID: d.worker.ID, "o'brien & söhne": odd.ID, odd.AppID: odd.ID,
	} {
		w := grant.Spec{App: "for " + to, Roles: []grant.Role{{Value: "consumer"}}, To: []string{to}}
		d.run(t, d.grantScript(t, w, false))
		all := d.Assignments()
		require.Equal(t, want, all[len(all)-1].PrincipalID, to)
		d.granted(t, w)
	}
	for _, to := range []string{"twin", "nobody"} {
		w := grant.Spec{App: "for " + to, Roles: []grant.Role{{Value: "consumer"}}, To: []string{to}}
		cmd := exec.CommandContext(t.Context(), "bash")
		cmd.Stdin, cmd.Env = strings.NewReader(d.grantScript(t, w, false)), append(d.environ, "IMPATIENT=false")
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "not exactly one identity has displayName eq '"+to+"'")
	}
}

// federated requires that nothing is left to do for a federation.
func (d directory) federated(t *testing.T, w federate.Spec) {
	t.Helper()
	s, err := federate.Read(t.Context(), d.client, w)
	require.NoError(t, err)
	steps, err := federate.Plan(w, s)
	require.NoError(t, err)
	require.Empty(t, steps)
}

func (d directory) federateScript(t *testing.T, w federate.Spec) string {
	t.Helper()
	s, err := federate.Read(t.Context(), d.client, w)
	require.NoError(t, err)
	script, err := federate.Emit(emit.AzureCLI, w, s)
	require.NoError(t, err)
	return script
}

func TestFederateScript(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	app := d.AddApplication(graphtest.Application{DisplayName: "orders-client"})
	d.AddFederatedCredential(app.ID, graphtest.FederatedCredential{
		Name: "wrong", Issuer: "https://sts.windows.net/" + graphtest.TenantID + "/", Subject: d.worker.ID, Audiences: []string{"api://AzureADTokenExchange"},
	})
	second := d.AddManagedIdentity("it's \"${second}\" `x`", "")
	w := federate.Spec{App: "orders-client", To: []string{"orders-worker", second.ID}, Cloud: graph.Public()}
	script := d.federateScript(t, w)
	d.Contend(1)
	require.Contains(t, d.run(t, script), "trying again")
	d.federated(t, w)
	all := d.FederatedCredentials(app.ID)
	require.Len(t, all, 2)
	d.run(t, script)
	require.Equal(t, all, d.FederatedCredentials(app.ID), "again, it changes nothing")

	w.Revoke = true
	script = d.federateScript(t, w)
	for range 2 {
		d.run(t, script)
		require.Empty(t, d.FederatedCredentials(app.ID))
	}
}
