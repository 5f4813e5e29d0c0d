package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/pages"
)

// TestDocsGuard: the commands in docs/guard.md print what the page shows, except for times and
// ports. The test starts the fake and the guard as on the page, and a shell runs the rest.
func TestDocsGuard(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the page asks by curl:", err)
	}
	blocks := checked(t, "TestDocsGuard", "docs/guard.md")
	require.Len(t, blocks, 3)
	starts := typed(blocks[0])
	require.Len(t, starts, 2)
	require.Equal(t, []string{"aztoken", "fake"}, starts[0][:2])
	entra := play(t, invocation{}, starts[0][2:]...)
	keys := filepath.Join(t.TempDir(), "keys.json")
	start := func(command []string) *serving {
		require.Equal(t, []string{"aztoken", "guard"}, command[:2])
		args := slices.Clone(command[2:])
		args[slices.Index(args, "--authority")+1] = entra.URL
		args[slices.Index(args, "--key-file")+1] = keys
		return guard(t, append(args, "--listen=127.0.0.1:0")...)
	}
	g := start(starts[1])
	ports := func(text string) string {
		return strings.NewReplacer("http://127.0.0.1:16925", entra.URL, "http://127.0.0.1:16926", entra.ControlURL, "127.0.0.1:16931", g.Addresses[0]).Replace(text)
	}
	token := sessionOf(t, ports(blocks[1]), "")
	g.stop(t)

	again := slices.IndexFunc(typed(blocks[2]), func(command []string) bool { return command[0] == "aztoken" })
	before, after, found := strings.Cut(blocks[2], "$ aztoken guard")
	require.True(t, found)
	sessionOf(t, ports(before), token)
	g = start(typed(blocks[2])[again])
	_, after, _ = strings.Cut(after, "\n")
	sessionOf(t, ports(after), token)
	g.stop(t)
}

// typed returns the commands of a transcript.
func typed(block string) [][]string { return pages.Commands(pages.Console(block)) }

// sessionOf runs a transcript in a shell that has a token, and requires its output, where "…" is
// anything within a line. The result is the token that the shell has at the end.
func sessionOf(t *testing.T, block, token string) string {
	t.Helper()
	var script, want strings.Builder
	for line := range strings.Lines(block) {
		if command, is := strings.CutPrefix(line, "$ "); is {
			script.WriteString(command)
			continue
		}
		want.WriteString(line)
	}
	script.WriteString("printf '\\n%s' \"$TOKEN\" >&2\n")
	shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", script.String())
	shell.Env = append(imdstest.Environment{}.Environ(), "PATH="+filepath.Dir(binary)+string(os.PathListSeparator)+os.Getenv("PATH"), "TOKEN="+token)
	var stderr strings.Builder
	shell.Stderr = &stderr
	out, err := shell.Output()
	require.NoError(t, err, stderr.String())
	pattern := strings.ReplaceAll(regexp.QuoteMeta(withoutBlanks(want.String())), "…", ".*")
	require.Regexp(t, "^"+pattern+"$", withoutBlanks(string(out)))
	return stderr.String()[strings.LastIndexByte(stderr.String(), '\n')+1:]
}

// withoutBlanks returns text as a page has it: without carriage returns, spaces at the ends of
// lines, and empty lines, since an answer may end without a line feed.
func withoutBlanks(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \r\n"); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
