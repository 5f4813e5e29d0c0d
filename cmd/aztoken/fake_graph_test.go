package main_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// temptation is an environment full of ways to sign in for real: a service principal, a federated
// token, a managed identity, and the tools that people sign in with.
type temptation struct {
	environ []string
	asked   *atomic.Int64 // how often one of them was tried over the network
	tools   string        // a file that one of the tools has written to
}

func tempt(t *testing.T) temptation {
	t.Helper()
	asked := new(atomic.Int64)
	everywhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(everywhere.Close)
	dir := t.TempDir()
	used := filepath.Join(dir, "used")
	for _, tool := range []string{"az", "azd", "pwsh", "powershell"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, tool), []byte("#!/bin/sh\necho "+tool+" >> "+used+"\nexit 1\n"), 0o700))
	}
	assertion := filepath.Join(dir, "assertion")
	require.NoError(t, os.WriteFile(assertion, []byte("assertion"), 0o600))
	return temptation{[]string{
		"PATH=" + dir + ":/bin:/usr/bin", "HOME=" + dir,
		"AZURE_TENANT_ID=7e000000-0000-4000-8000-0000000000aa", "AZURE_CLIENT_ID=c0000000-0000-4000-8000-0000000000aa", "AZURE_CLIENT_SECRET=secret",
		"AZURE_FEDERATED_TOKEN_FILE=" + assertion, "AZURE_AUTHORITY_HOST=" + strings.Replace(everywhere.URL, "http://", "https://", 1),
		"IDENTITY_ENDPOINT=" + everywhere.URL, "IDENTITY_HEADER=secret", "MSI_ENDPOINT=" + everywhere.URL, "AZURE_POD_IDENTITY_AUTHORITY_HOST=" + everywhere.URL,
		"HTTP_PROXY=" + everywhere.URL, "HTTPS_PROXY=" + everywhere.URL,
	}, asked, used}
}

// resisted requires that none was used.
func (x temptation) resisted(t *testing.T) {
	t.Helper()
	require.Zero(t, x.asked.Load(), "no real sign-in is asked")
	require.NoFileExists(t, x.tools, "no tool is asked for its sign-in")
}

// TestFakeGraph: grant, roles and federate work without Azure, from the first command to the last,
// even if the user could really sign in.
func TestFakeGraph(t *testing.T) {
	t.Parallel()
	p, x := play(t, invocation{}, "--graph"), tempt(t)
	require.Equal(t, p.URL, p.GraphURL)
	do := func(args ...string) string {
		t.Helper()
		got := invocation{env: x.environ}.run(t, with(args, "--endpoint", p.GraphURL)...)
		require.Zero(t, got.status, got.stderr)
		x.resisted(t)
		return got.stdout
	}
	require.Contains(t, do("grant", "--app=orders-api", "--role=consumer", "--to=orders-worker", "--yes"), "done\n")
	require.Contains(t, do("grant", "--app=orders-api", "--role=consumer", "--to=orders-worker"), "nothing to do")
	require.Regexp(t, `consumer  orders-worker  ServicePrincipal  0b000000-0000-4000-8000-000000000002  20\d\d-`, do("roles", "--app=orders-api"))
	require.Contains(t, do("grant", "--app=orders-api", "--role=consumer", "--to=machine", "--yes"), "done\n")
	require.Contains(t, do("federate", "--app=orders-api", "--to=orders-worker", "--yes"), "iss")
	require.Contains(t, do("federate", "--app=orders-api", "--to=orders-worker"), "nothing to do")
	require.Contains(t, do("federate", "--app=orders-api", "--to=orders-worker", "--revoke", "--yes"), "done\n")
	for _, to := range []string{"orders-worker", "machine"} {
		require.Contains(t, do("grant", "--app=orders-api", "--role=consumer", "--to="+to, "--revoke", "--yes"), "done\n")
	}
	require.Regexp(t, `consumer  none\n$`, do("roles", "--app=orders-api"))
	for _, cloud := range []string{"usgovernment", "china"} {
		require.Contains(t, do("roles", "--app=orders-api", "--cloud", cloud), "consumer  none\n")
	}

	got := invocation{asked: true}.run(t, "token", orders, "--endpoint", p.URL, "--client-id=c0000000-0000-4000-8000-000000000002")
	require.Zero(t, got.status, "the same identity gets tokens: "+got.stderr)
	var hosts = map[string]int{}
	for line := range strings.Lines(p.stop(t)) {
		var event struct{ Host, Path string }
		require.NoError(t, json.Unmarshal([]byte(line), &event))
		hosts[event.Host]++
		require.NotContains(t, line, "sign-in")
	}
	require.Greater(t, hosts["Microsoft Graph"], 20)
	require.Equal(t, 1, hosts["IMDS"])
}

// TestFakeGraphIdentities: the directory has the identities of the machine.
func TestFakeGraphIdentities(t *testing.T) {
	t.Parallel()
	const tenant = "7e000000-0000-4000-8000-0000000000bb"
	for name, c := range map[string]struct {
		args   []string
		to     []string
		absent []string
	}{
		"as it comes": {nil, []string{
			"machine", "0b000000-0000-4000-8000-000000000001", "c0000000-0000-4000-8000-000000000001", "orders-worker", "0b000000-0000-4000-8000-000000000002",
		}, []string{"worker"}},
		"with roles elsewhere": {[]string{"--role=" + orders + "=x"}, []string{"machine", "orders-worker"}, nil},
		"by names":             {[]string{"--identity=name=one,client-id=c0000000-0000-4000-8000-00000000000a", "--identity=system"}, []string{"one", "c0000000-0000-4000-8000-00000000000a", "machine"}, []string{"orders-worker"}},
		"by resource ids":      {[]string{"--identity=resource-id=" + workerARM}, []string{"orders-worker", workerARM}, []string{"machine"}},
		"without a name":       {[]string{"--identity=client-id=c0000000-0000-4000-8000-00000000000a"}, []string{"identity-1"}, nil},
		"none":                 {[]string{"--no-identity"}, nil, []string{"machine", "orders-worker"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, invocation{}, with(c.args, "--graph", "--tenant", tenant)...)
			grant := func(to string) outcome {
				return aztoken(t, "grant", "--app=orders-api", "--role=consumer", "--to", to, "--endpoint", p.GraphURL, "--dry-run", "--output=json")
			}
			for _, to := range c.to {
				got := grant(to)
				require.Zero(t, got.status, got.stderr)
			}
			for _, to := range c.absent {
				got := grant(to)
				require.Equal(t, 1, got.status)
				require.Contains(t, got.stderr, "no managed identity is named")
			}
			if len(c.to) == 0 {
				return
			}
			got := aztoken(t, "grant", "--app=orders-api", "--role=consumer", "--to", c.to[0], "--endpoint", p.GraphURL, "--yes")
			require.Zero(t, got.status, got.stderr)
			got = aztoken(t, "federate", "--app=orders-api", "--to", c.to[len(c.to)-1], "--endpoint", p.GraphURL, "--dry-run", "--output=json")
			if strings.Contains(got.stderr, "is a system-assigned identity") {
				return
			}
			require.Zero(t, got.status, got.stderr)
			require.Contains(t, got.stdout, `"tenant_id": "`+tenant+`"`)
		})
	}
}

// TestFakeWithoutGraph: a fake without Graph has no directory and no sign-in.
func TestFakeWithoutGraph(t *testing.T) {
	t.Parallel()
	p, x := play(t, invocation{}), tempt(t)
	require.Empty(t, p.GraphURL)
	got := invocation{env: x.environ}.run(t, "roles", "--app=orders-api", "--endpoint", p.URL)
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "no sign-in to the fake Graph: 404 Not Found; start one with aztoken fake --graph")
	x.resisted(t)
	p.stop(t)
	got = invocation{env: x.environ}.run(t, "roles", "--app=orders-api", "--endpoint", p.URL)
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "refused; start one with aztoken fake --graph")
	x.resisted(t)
}
