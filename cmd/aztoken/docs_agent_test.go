package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDocsAgent: the commands in docs/agent.md print what the page shows, except for times and
// ports. The test starts the fake and the agent as on the page, and a shell runs the rest.
func TestDocsAgent(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the page asks by curl:", err)
	}
	blocks := checked(t, "TestDocsAgent", "docs/agent.md")
	require.Len(t, blocks, 3)
	starts := typed(blocks[0])
	require.Len(t, starts, 2)
	require.Equal(t, []string{"aztoken", "fake"}, starts[0])
	host := play(t, invocation{})
	dir := t.TempDir()
	start := func(command []string) *serving {
		require.Equal(t, []string{"aztoken", "agent"}, command[:2])
		args := slices.Clone(command[2:])
		args[slices.Index(args, "--endpoint")+1] = host.URL
		for _, flag := range []string{"--env-file", "--store"} {
			i := slices.Index(args, flag) + 1
			args[i] = filepath.Join(dir, args[i])
		}
		return serve(t, append(args, "--listen=127.0.0.1:0")...)
	}
	a := start(starts[1])
	here := func(text string) string {
		return strings.NewReplacer("http://127.0.0.1:16926", host.ControlURL, "127.0.0.1:16930", a.Addresses[0], "./agent.env", filepath.Join(dir, "agent.env")).Replace(text)
	}
	takesEnvironment, _, found := strings.Cut(here(blocks[1]), "\n")
	require.True(t, found)
	sessionOf(t, here(blocks[1]), "")
	a.stop(t)

	before, after, found := strings.Cut(blocks[2], "$ aztoken agent")
	require.True(t, found)
	sessionOf(t, here(before), "")
	restart, after, _ := strings.Cut("$ aztoken agent"+after, "\n")
	require.Equal(t, starts[1], typed(restart)[0])
	a = start(starts[1])
	_, err := os.Stat(filepath.Join(dir, "agent.env"))
	require.NoError(t, err)
	sessionOf(t, takesEnvironment+"\n"+here(after), "")
	a.stop(t)
}
