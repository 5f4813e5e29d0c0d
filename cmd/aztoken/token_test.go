package main_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestToken(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, nil)
	got := invocation{env: srv.IMDS().Environ(), asked: true}.run(t, "token", orders)
	require.Zero(t, got.status, got.stderr)
	require.Empty(t, got.stderr)
	token, rest, found := strings.Cut(got.stdout, "\n")
	require.True(t, found)
	require.Empty(t, rest)
	claims, err := srv.Claims(token)
	require.NoError(t, err)
	require.Equal(t, orders, claims["aud"])
}

func TestTokenJSON(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, nil)
	got := invocation{asked: true}.run(t, "token", orders, "--endpoint", srv.URL, "--output", "json")
	require.Zero(t, got.status, got.stderr)
	golden(t, "token.json", got.stdout)
}

func TestTokenIdentity(t *testing.T) {
	t.Parallel()
	const armID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/second"
	srv := imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{
		{ClientID: "c0000000-0000-4000-8000-00000000000a", ObjectID: "0b000000-0000-4000-8000-00000000000a"},
		{ClientID: "c0000000-0000-4000-8000-00000000000b", ObjectID: "0b000000-0000-4000-8000-00000000000b", ResourceID: armID},
	}})
	for _, flag := range []string{
		"--client-id=c0000000-0000-4000-8000-00000000000b", "--object-id=0b000000-0000-4000-8000-00000000000b", "--resource-id=" + armID,
	} {
		got := invocation{env: srv.IMDS().Environ(), asked: true}.run(t, "token", orders, flag)
		require.Zero(t, got.status, got.stderr)
		claims, err := srv.Claims(strings.TrimSpace(got.stdout))
		require.NoError(t, err)
		require.Equal(t, "c0000000-0000-4000-8000-00000000000b", claims["appid"], flag)
	}
}

func TestTokenMistakes(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{}})
	several := imdstest.NewServer(t, &imdstest.Options{Identities: []imdstest.Identity{{}, {}}})
	docker := imdstest.NewServer(t, nil)
	docker.Break(imdstest.Status(403))
	for name, c := range map[string]struct {
		env    []string
		args   []string
		status int
		want   []string
	}{
		"nothing listens":     {args: []string{"token", orders, "--endpoint", "http://127.0.0.1:1"}, status: 1, want: []string{"no managed identity endpoint", "--dev"}},
		"Docker Desktop":      {args: []string{"token", orders, "--endpoint", docker.URL}, status: 1, want: []string{"unreachable network", "no proxy is in the way"}},
		"no identity":         {args: []string{"token", orders, "--endpoint", srv.URL}, status: 1, want: []string{"Identity not found", "correct its id", "--client-id"}},
		"several identities":  {args: []string{"token", orders, "--endpoint", several.URL}, status: 1, want: []string{"--client-id, --object-id or --resource-id"}},
		"wrong kind of id":    {env: several.AzureML().Environ(), args: []string{"token", orders, "--object-id", "x"}, status: 1, want: []string{"--object-id: this host takes client ids only", "use the client id"}},
		"a client id in ACI":  {env: several.ContainerInstances().Environ(), args: []string{"token", orders, "--client-id", imdstest.DefaultClientID}, status: 1, want: []string{`--client-id: "` + imdstest.DefaultClientID + `" is not an object id`, "use the object id of the identity"}},
		"an empty variable":   {args: []string{"token", orders, "--endpoint", srv.URL, "--client-id", ""}, status: 1, want: []string{"--client-id: empty"}},
		"no resource":         {args: []string{"token"}, status: 2, want: []string{"no resource", "aztoken token --help"}},
		"an empty resource":   {args: []string{"token", ""}, status: 2, want: []string{"no resource"}},
		"two resources":       {args: []string{"token", "a", "b"}, status: 2, want: []string{"2 resources; pass one"}},
		"two ids":             {args: []string{"token", orders, "--client-id=a", "--object-id=b"}, status: 2, want: []string{"client-id object-id"}},
		"dev with an id":      {args: []string{"token", orders, "--client-id=a", "--dev"}, status: 2, want: []string{"dev"}},
		"no time":             {args: []string{"token", orders, "--timeout=0s"}, status: 2, want: []string{"--timeout"}},
		"an empty endpoint":   {args: []string{"token", orders, "--endpoint="}, status: 2, want: []string{"--endpoint is empty"}},
		"a form unknown":      {args: []string{"token", orders, "--output=xml"}, status: 2, want: []string{"text or json"}},
		"a flag unknown":      {args: []string{"token", orders, "--tokn"}, status: 2, want: []string{"--tokn"}},
		"a command unknown":   {args: []string{"tokn"}, status: 2, want: []string{`unknown command "tokn"; did you mean token?`}},
		"a flag for command":  {args: []string{"version"}, status: 2, want: []string{`unknown command "version"; did you mean --version?`}},
		"a name for a client": {args: []string{"token", orders, "--client-id=abc"}, status: 1, want: []string{`--client-id: "abc" is not a client id, which is a GUID`, "az identity show"}},
		"a token for command": {args: []string{srv.Mint(orders)}, status: 2, want: []string{"REDACTED"}},
		"show without watch":  {args: []string{"token", orders, "--show-token"}, status: 2, want: []string{"--watch"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			got := invocation{env: c.env}.run(t, c.args...)
			require.Equal(t, c.status, got.status, got.stderr)
			require.Empty(t, got.stdout)
			for _, want := range c.want {
				require.Contains(t, got.stderr, want)
			}
			require.Less(t, time.Since(start), 8*time.Second, "a person waits for it")
		})
	}
}

func TestTokenTimeout(t *testing.T) {
	t.Parallel()
	srv := imdstest.NewServer(t, nil)
	srv.Break(imdstest.Hang())
	got := aztoken(t, "token", orders, "--endpoint", srv.URL, "--timeout", "300ms")
	require.Equal(t, 1, got.status)
	require.Contains(t, got.stderr, "--timeout")
}

func TestTokenWatch(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGINT to send to a process")
	}
	srv := imdstest.NewServer(t, nil)
	for name, args := range map[string][]string{
		"text": nil, "json": {"--output=json"}, "json with the token": {"--output=json", "--show-token"}, "text with the token": {"--show-token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shows := strings.HasSuffix(name, "with the token")
			cmd := invocation{env: srv.IMDS().Environ()}.command(t, append([]string{"token", orders, "--watch"}, args...)...)
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			progress, err := bufio.NewReader(stderr).ReadString('\n')
			require.NoError(t, err)
			require.Contains(t, progress, "new token for "+orders+", 24h left; next refresh in ")
			require.NotContains(t, progress, "eyJ")
			line := ""
			if name != "text" {
				line, err = bufio.NewReader(stdout).ReadString('\n')
				require.NoError(t, err)
			}
			require.Equal(t, shows, strings.Contains(line, "eyJ"))
			if strings.HasPrefix(name, "json") {
				var ev map[string]any
				require.NoError(t, json.Unmarshal([]byte(line), &ev))
				require.Equal(t, "acquired", ev["event"])
			}
			require.NoError(t, cmd.Process.Signal(os.Interrupt))
			require.NoError(t, cmd.Wait(), "Ctrl-C is how it ends")
		})
	}
}

func TestTokenDev(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the Azure CLI is a shell script")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "az"), []byte(`#!/bin/sh
echo '{"accessToken":"developer","expires_on":4102444800,"tokenType":"Bearer"}'
`), 0o700))
	got := invocation{env: append(imdstest.Environment{}.Environ(), "PATH="+dir+":/bin:/usr/bin")}.run(t, "token", orders, "--dev")
	require.Zero(t, got.status, got.stderr)
	require.Equal(t, "developer\n", got.stdout)

	got = invocation{env: []string{"PATH=" + t.TempDir()}}.run(t, "token", orders, "--dev")
	require.Equal(t, 1, got.status)
	for _, line := range []string{"\n  Azure CLI: ", "; az login\n", "\n  Azure Developer CLI: ", "; azd auth login\n", "\n  Azure PowerShell: ", "; Connect-AzAccount\n"} {
		require.Contains(t, got.stderr, line)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, command := range commands {
		got := aztoken(t, command, "--help")
		require.Zero(t, got.status)
		require.Contains(t, got.stdout, "Examples:\n  ", command)
		require.Contains(t, got.stdout, "--output", command)
	}
	got := aztoken(t, "completion", "bash")
	require.Zero(t, got.status)
	require.Contains(t, got.stdout, "complete")
	for offered, args := range map[string][]string{
		"json\n":                    {"token", "--output", ""},
		"https://vault.azure.net\n": {"token", ""},
		"https://storage.azure.com": {"doctor", ""},
		"usgovernment":              {"grant", "--cloud", ""},
		":4\n":                      {"doctor", "--role", ""}, // no files
		":0\n":                      {"grant", "--manifest", ""},
	} {
		got = aztoken(t, append([]string{"__complete"}, args...)...)
		require.Contains(t, got.stdout, offered, args)
	}
	got = aztoken(t)
	require.Zero(t, got.status)
	require.Contains(t, got.stdout, "Available Commands")
}
