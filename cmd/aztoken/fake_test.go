package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

var (
	endpointURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	timeOfDay   = regexp.MustCompile(`\d\d:\d\d:\d\d`)
)

// playing is a running aztoken fake.
type playing struct {
	URL         string                       `json:"url"`
	SecureURL   string                       `json:"secure_url"`
	ControlURL  string                       `json:"control_url"`
	GraphURL    string                       `json:"graph_url"`
	Environment map[string]map[string]string `json:"environment"`

	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *bytes.Buffer
}

// play starts aztoken fake --output json on free ports, until the test ends.
func play(t *testing.T, i invocation, args ...string) *playing {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGINT to send to a process")
	}
	p := &playing{stderr: new(bytes.Buffer)}
	p.cmd = i.command(t, append([]string{"fake", "--output=json", "--listen=127.0.0.1:0", "--control=127.0.0.1:0"}, args...)...)
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.stdout = bufio.NewReader(stdout)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	p.read(t, "listening", p)
	return p
}

// read takes the next line of JSON, which must be such an event.
func (p *playing) read(t *testing.T, event string, into any) {
	t.Helper()
	line, err := p.stdout.ReadBytes('\n')
	require.NoError(t, err, p.stderr)
	var kind struct{ Event string }
	require.NoError(t, json.Unmarshal(line, &kind))
	require.Equal(t, event, kind.Event)
	require.NoError(t, json.Unmarshal(line, into))
	require.NotContains(t, string(line), "eyJ")
}

// stop ends it like Ctrl-C, and returns the rest of stdout.
func (p *playing) stop(t *testing.T) string {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(p.stdout)
	require.NoError(t, err)
	require.NoError(t, p.cmd.Wait(), "Ctrl-C is how it ends")
	require.NotContains(t, p.stderr.String()+string(rest), "eyJ")
	return string(rest)
}

func TestFake(t *testing.T) {
	t.Parallel()
	p := play(t, invocation{}, "--role", orders+"=consumer", "--role", orders+"=reader")
	got := invocation{asked: true}.run(t, "token", orders, "--endpoint", p.URL)
	require.Zero(t, got.status, got.stderr)
	inspected := invocation{stdin: got.stdout}.run(t, "inspect", "--output=json", "--verify", "--audience", orders, "--authority", p.URL)
	require.Zero(t, inspected.status, inspected.stderr)
	var report struct{ Roles []string }
	require.NoError(t, json.Unmarshal([]byte(inspected.stdout), &report))
	require.Equal(t, []string{"consumer", "reader"}, report.Roles)

	var asked struct {
		Host, Resource string
		Status         int
		Minted         bool
	}
	p.read(t, "request", &asked)
	require.Equal(t, "IMDS", asked.Host)
	require.Equal(t, orders, asked.Resource)
	require.True(t, asked.Minted)

	resp, err := http.PostForm(p.ControlURL+"/break", url.Values{"fault": {"Status(503)"}})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	got = aztoken(t, "token", orders, "--endpoint", p.URL, "--timeout=300ms")
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "503")

	p.stop(t)
	got = aztoken(t, "token", orders, "--endpoint", p.URL)
	require.Contains(t, got.stderr, "no managed identity endpoint", "the port is free again")
}

func TestFakeHosts(t *testing.T) {
	t.Parallel()
	p := play(t, invocation{}, "--host=all", "--listen-tls=127.0.0.1:0", "--arc-key-dir", t.TempDir(), "--secret=known", "--quiet")
	require.Len(t, p.Environment, 9)
	require.Equal(t, "known", p.Environment["app-service"]["IDENTITY_HEADER"])
	require.Equal(t, "known", p.Environment["container-instances"]["IDENTITY_HEADER"])
	require.Contains(t, p.Environment["container-instances"]["IDENTITY_ENDPOINT"], "?api-version=1.0")
	for host, env := range p.Environment {
		if host == "arc" {
			continue // its clients read keys from the agent's directory alone
		}
		got := invocation{env: imdstest.Environment(env).Environ(), asked: true}.run(t, "token", orders, "--output=json")
		require.Zero(t, got.status, "%s: %s", host, got.stderr)
		require.Contains(t, got.stdout, `"token": "eyJ`)
	}
	files := filepath.Dir(p.Environment["service-fabric"]["NODE_EXTRA_CA_CERTS"])
	require.DirExists(t, files)
	require.Empty(t, p.stop(t), "--quiet tells of no request")
	require.NoDirExists(t, files)
}

func TestFakeConfig(t *testing.T) {
	t.Parallel()
	const file = `
token_lifetime: 10m
token_version: 2
resources: [https://orders.example.com]
identities:
  - client_id: c0000000-0000-4000-8000-00000000000a
    roles: {https://orders.example.com: [consumer]}
  - client_id: c0000000-0000-4000-8000-00000000000b
`
	named := filepath.Join(t.TempDir(), "machine.yaml")
	require.NoError(t, os.WriteFile(named, []byte(file), 0o600))
	for _, p := range []*playing{
		play(t, invocation{}, "--config", named, "--token-lifetime=1h"),
		play(t, invocation{stdin: file}, "--config=-", "--token-lifetime=1h"),
	} {
		got := invocation{asked: true}.run(t, "token", orders, "--endpoint", p.URL, "--client-id=c0000000-0000-4000-8000-00000000000a")
		require.Zero(t, got.status, got.stderr)
		inspected := invocation{stdin: got.stdout}.run(t, "inspect", "--want-version=2")
		require.Regexp(t, `expires .* in (1h|59m)`, inspected.stdout, "a flag overrules the file")
		require.Contains(t, inspected.stdout, "roles        consumer\n")
		require.NotContains(t, inspected.stdout, "odd:")
		got = aztoken(t, "token", orders, "--endpoint", p.URL)
		require.Contains(t, got.stderr, "--client-id, --object-id or --resource-id", "it has two")
		got = aztoken(t, "token", "https://other.example.com", "--endpoint", p.URL, "--client-id=c0000000-0000-4000-8000-00000000000a")
		require.Contains(t, got.stderr, "invalid_resource")
	}
}

func TestFakeIdentities(t *testing.T) {
	t.Parallel()
	const armID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/second"
	p := play(t, invocation{}, "--identity=system", "--identity=client-id=c0000000-0000-4000-8000-00000000000b,resource-id="+armID)
	got := invocation{asked: true}.run(t, "token", orders, "--endpoint", p.URL, "--resource-id", armID)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, invocation{stdin: got.stdout}.run(t, "inspect").stdout, "c0000000-0000-4000-8000-00000000000b")

	p = play(t, invocation{}, "--no-identity")
	require.Contains(t, aztoken(t, "token", orders, "--endpoint", p.URL).stderr, "Identity not found")
}

func TestFakeEnvironment(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGINT to send to a process")
	}
	for _, shell := range []string{"sh", "powershell", "env"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			cmd := invocation{}.command(t, "fake", "--listen=127.0.0.1:0", "--control=127.0.0.1:0", "--host=imds,app-service", "--secret=it's", "--shell", shell)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			lines := bufio.NewReader(stdout)
			var printed strings.Builder
			for range 7 {
				line, err := lines.ReadString('\n')
				require.NoError(t, err)
				printed.WriteString(line)
			}
			endpoint := endpointURL.FindString(printed.String())
			got := invocation{asked: true}.run(t, "token", orders, "--endpoint", endpoint)
			require.Zero(t, got.status, got.stderr)
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			rest, err := io.ReadAll(lines)
			require.NoError(t, err)
			require.Empty(t, string(rest))
			require.NoError(t, cmd.Wait())
			golden(t, "fake."+shell, printed.String())
			require.NotContains(t, stderr.String(), "eyJ")
			golden(t, "fake.stderr", timeOfDay.ReplaceAllString(stderr.String(), "TIME"))
		})
	}
}

func TestFakeMistakes(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	require.NoError(t, os.WriteFile(empty, []byte("identities: []"), 0o600))
	requireMistakes(t, []string{"fake"}, map[string]mistake{
		"an address that is none":          {[]string{"--listen=nowhere"}, 1, "host:port"},
		"a host unknown":                   {[]string{"--host=lambda"}, 2, "imds, app-service, arc"},
		"a shell unknown":                  {[]string{"--shell=all"}, 2, "sh, powershell, env"},
		"https without address":            {[]string{"--host=service-fabric", "--listen=127.0.0.1:0", "--control="}, 1, "--listen-tls"},
		"a file that is not":               {[]string{"--config", filepath.Join(t.TempDir(), "none.yaml")}, 1, "set --config to the file"},
		"an identity of a slip":            {[]string{"--identity=clientid=x"}, 2, `"clientid=x"`},
		"an identity of no name":           {[]string{"--identity=name="}, 1, "is not a resource id"},
		"an id that is none":               {[]string{"--identity=client-id=x"}, 1, "not a GUID"},
		"an application of a slip":         {[]string{"--application=system"}, 2, `"system"; use audience, client-id, issuer, object-id, subject, tenant`},
		"an application's id that is none": {[]string{"--application=client-id=x"}, 1, "application 1: the client id"},
		"an application in no tenant":      {[]string{"--application=tenant=contoso"}, 1, `the tenant "contoso" is not a GUID`},
		"two applications of one id":       {[]string{"--application=client-id=" + imdstest.DefaultClientID, "--listen=127.0.0.1:0", "--control="}, 1, "is another's"},
		"an application over http":         {[]string{"--application=", "--listen=127.0.0.1:0", "--control="}, 1, "--listen-tls"},
		"a role without resource":          {[]string{"--role=consumer"}, 2, "RESOURCE=ROLE"},
		"a role without a name":            {[]string{"--role=https://orders.example.com="}, 2, "RESOURCE=ROLE"},
		"a role beside the file":           {[]string{"--role=" + orders + "=x", "--config", empty}, 2, "write the roles into"},
		"a role of nobody":                 {[]string{"--role=" + orders + "=x", "--no-identity"}, 2, "no-identity"},
		"a version unknown":                {[]string{"--token-version=3"}, 1, "set it to 1 or 2"},
		"a lifetime of none":               {[]string{"--token-lifetime=1ms"}, 1, "at least 1s"},
		"an argument":                      {[]string{"now"}, 2, "now"},
	})
}
