package main_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/graph/graphtest"
)

const workerARM = "/subscriptions/s/resourceGroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders-worker"

// tenant is a fake directory, with a sign-in of its own.
type tenant struct {
	*graphtest.Server
	imds   *imdstest.Server // of the machine, which nobody must ask
	worker graphtest.Principal
}

func newTenant(t *testing.T, opts *graphtest.Options) tenant {
	t.Helper()
	g := graphtest.NewServer(t, opts)
	return tenant{g, imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{{SystemAssigned: true}}}), g.AddManagedIdentity("orders-worker", workerARM)}
}

// signedIn returns a call on a machine whose identity could sign in for real, by somebody who wants
// to know all that the libraries have to say.
func (d tenant) signedIn() invocation {
	return invocation{env: append(d.imds.AppService().Environ(), "AZURE_TOKEN_CREDENTIALS=prod", "AZURE_SDK_GO_LOGGING=all")}
}

// run calls a command and takes what the libraries say out of stderr.
func (d tenant) run(t *testing.T, args ...string) outcome {
	t.Helper()
	got := d.signedIn().run(t, append(args, "--endpoint", d.URL)...)
	require.Contains(t, got.stderr, "Authorization: REDACTED", "it was all said")
	got.stderr = ownWords(got.stderr)
	require.Zero(t, d.imds.Count(), "no real sign-in with a fake")
	return got
}

// nowhere keeps what a test of a failed sign-in must not get to, such as Microsoft Graph, out of
// reach.
const nowhere = "HTTPS_PROXY=http://127.0.0.1:1"

// ownWords returns the lines of stderr that are the command's.
func ownWords(stderr string) string {
	var own []string
	for line := range strings.Lines(stderr) {
		for _, start := range []string{"aztoken: ", "✓ ", "… ", "Microsoft Graph "} {
			if strings.HasPrefix(line, start) {
				own = append(own, line)
			}
		}
	}
	return strings.Join(own, "")
}

// kill runs a command that is killed at its n-th write, before the tenant has applied it or
// afterwards.
func (d tenant) kill(t *testing.T, n int, applied bool, args ...string) {
	t.Helper()
	cmd := d.signedIn().command(t, with(args, "--endpoint", d.URL)...)
	started := make(chan struct{})
	d.Interrupt(n, applied, func() {
		<-started
		_ = cmd.Process.Kill()
	})
	require.NoError(t, cmd.Start())
	close(started)
	require.ErrorAs(t, cmd.Wait(), new(*exec.ExitError))
	require.Len(t, d.Writes(), n)
}

// requireUnconfirmed requires that a command has taken all its steps, and has run out of time
// before it could see that.
func requireUnconfirmed(t *testing.T, got outcome) {
	t.Helper()
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "run the same command again, with a longer --timeout if needed")
	var result struct {
		Changed, Complete bool
		Steps             []struct{ Done bool }
	}
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &result), "what was done is said")
	require.True(t, result.Changed)
	require.False(t, result.Complete)
	require.NotEmpty(t, result.Steps)
	for _, step := range result.Steps {
		require.True(t, step.Done)
	}
}

// requireAdvice requires that a command ended with a status, and that what it says has these words
// and is short.
func requireAdvice(t *testing.T, got outcome, status int, words []string) {
	t.Helper()
	require.Equal(t, status, got.status, got.stderr)
	own := ownWords(got.stderr)
	for _, want := range words {
		require.Contains(t, own, want)
	}
	require.Less(t, len(own), 1500, "a person reads it")
}

// emit has a command emit each form, which must have the words for it.
func (d tenant) emit(t *testing.T, args []string, forms map[string]string) {
	t.Helper()
	for form, want := range forms {
		got := d.run(t, with(args, "--emit", form)...)
		require.Zero(t, got.status, got.stderr)
		require.Contains(t, got.stdout, want)
		require.Contains(t, got.stdout, d.worker.ID)
		got = d.run(t, with(args, "--emit", form, "--output=json")...)
		var result struct{ Form, Text string }
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &result))
		require.Equal(t, form, result.Form)
		require.Contains(t, result.Text, want)
	}
}
