package integrations_test

import (
	"bytes"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// An agentProcess is a running aztoken agent in front of a fake host.
type agentProcess struct {
	binary, address string
	args            []string
	envFile         string
	cmd             *exec.Cmd
	stderr          *bytes.Buffer
}

// startAgent builds the command and runs an agent without an id of its own, with a store, until the
// test ends.
func startAgent(t *testing.T, srv *imdstest.Server) *agentProcess {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGTERM to send to a process")
	}
	dir := t.TempDir()
	a := &agentProcess{binary: filepath.Join(dir, "aztoken"), envFile: filepath.Join(dir, "agent.env")}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", a.binary, "./cmd/aztoken")
	build.Dir = ".."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	free, err := net.Listen("tcp", "127.0.0.1:0") // the next agent must have the same
	require.NoError(t, err)
	a.address = free.Addr().String()
	require.NoError(t, free.Close())
	key := filepath.Join(dir, "key")
	require.NoError(t, os.WriteFile(key, bytes.Repeat([]byte{1}, 32), 0o600))
	a.args = []string{
		"agent", "--listen", a.address, "--endpoint", srv.URL, "--imds", "--env-file", a.envFile,
		"--store", filepath.Join(dir, "store"), "--store-key-file", key,
	}
	a.start(t)
	t.Cleanup(func() { a.stop(t) })
	return a
}

func (a *agentProcess) start(t *testing.T) {
	t.Helper()
	a.cmd, a.stderr = exec.Command(a.binary, a.args...), new(bytes.Buffer)
	a.cmd.Env = imdstest.Environment{}.Environ()
	a.cmd.Stderr = a.stderr
	require.NoError(t, a.cmd.Start())
	require.Eventually(t, func() bool {
		resp, err := httpClient(t).Get("http://" + a.address + "/healthz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, 20*time.Second, 20*time.Millisecond)
}

// stop ends the agent and returns what it has logged.
func (a *agentProcess) stop(t *testing.T) string {
	t.Helper()
	require.NoError(t, a.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, a.cmd.Wait(), a.stderr)
	require.NotContains(t, a.stderr.String(), "eyJ")
	return a.stderr.String()
}

// environment returns that of the agent's callers, as its file has it.
func (a *agentProcess) environment(t *testing.T) imdstest.Environment {
	t.Helper()
	text, err := os.ReadFile(a.envFile)
	require.NoError(t, err)
	env := imdstest.Environment{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		env[name] = value
	}
	return env
}

// agentClients are the SDKs that run as processes of their own, by each way in which they find the
// agent.
func agentClients() []library {
	var all []library
	for _, l := range libraries {
		if !l.process {
			all = append(all, l)
		}
	}
	return append(all, ours)
}

// TestAgentServesUnmodifiedClients has each of them get tokens for every kind of id from the agent:
// while upstream is up, while it is down, and from another agent that was started in the outage.
func TestAgentServesUnmodifiedClients(t *testing.T) {
	for _, l := range agentClients() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			if l.need != nil {
				l.need(t)
			}
			srv := imdstest.NewServer(t, machine())
			a := startAgent(t, srv)
			env := a.environment(t)
			resource := resourceOf(t)
			everyKind := func(when string) {
				for name, at := range agentSites(srv, env) {
					for _, k := range kinds {
						token, err := l.token(t, at, resource, k, k.id(orders))
						require.NoError(t, err, "%s: %s by %s", when, name, k)
						requireToken(t, srv, token, resource, at.host.expected(at.env, k))
					}
				}
			}
			everyKind("upstream is up")
			srv.Break(imdstest.Dropped())
			everyKind("upstream is down")
			a.stop(t)
			a.start(t)
			require.Equal(t, env, a.environment(t), "programs that run have read it")
			everyKind("upstream is down, and the agent has been restarted")
		})
	}
}

// agentSites are the ways in which SDKs find the agent.
func agentSites(srv *imdstest.Server, env imdstest.Environment) map[string]site {
	appService, imds := maps.Clone(env), imdstest.Environment{}
	delete(appService, "AZURE_POD_IDENTITY_AUTHORITY_HOST")
	imds["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = env["AZURE_POD_IDENTITY_AUTHORITY_HOST"]
	return map[string]site{
		"IDENTITY_ENDPOINT":                 {host{name: "App Service"}, srv, appService},
		"AZURE_POD_IDENTITY_AUTHORITY_HOST": {host{name: "IMDS"}, srv, imds},
	}
}

// TestAgentServesTheAzureCLI signs in at the agent, and gets a token in an outage and from another
// agent.
func TestAgentServesTheAzureCLI(t *testing.T) {
	if _, err := exec.LookPath("az"); err != nil {
		t.Skip("needs the Azure CLI: apt-get install azure-cli")
	}
	srv := imdstest.NewServer(t, machine())
	a := startAgent(t, srv)
	cli := newAzureCLI(t, agentSites(srv, a.environment(t))["IDENTITY_ENDPOINT"])
	cli.run(t, "login", "--identity", "--username", orders.ClientID, "--output=none")
	resource := resourceOf(t)
	get := func() {
		token := cli.run(t, "account", "get-access-token", "--resource", resource, "--query=accessToken", "--output=tsv")
		requireToken(t, srv, strings.TrimSpace(token), resource, orders)
	}
	get()
	srv.Break(imdstest.Dropped())
	get()
	a.stop(t)
	a.start(t)
	get()
}

// What an SDK makes of the agent's refusals is what it makes of the platform's.
func TestAgentRefusesInTheWordsOfThePlatform(t *testing.T) {
	for _, l := range agentClients() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			if l.need != nil {
				l.need(t)
			}
			srv := imdstest.NewServer(t, machine())
			a := startAgent(t, srv)
			at := agentSites(srv, a.environment(t))["IDENTITY_ENDPOINT"]
			_, err := l.token(t, at, resourceOf(t), byClientID, stranger(byClientID))
			require.Error(t, err)
			require.Regexp(t, regexp.MustCompile(`(?i)identity.not.found|no.*managed identity|`+stranger(byClientID)), err.Error())
			wrong := at
			wrong.env = maps.Clone(at.env)
			wrong.env["IDENTITY_HEADER"] = "wrong"
			_, err = l.token(t, wrong, resourceOf(t), byDefault, "")
			require.Error(t, err)
			require.Contains(t, a.stop(t), "reason=unauthorized")
			a.start(t)
		})
	}
}
