package main_test

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/pages"
)

// onScreen runs a command like a person at a terminal who answers yes, and returns what is on the
// screen.
func onScreen(t *testing.T, args ...string) string {
	t.Helper()
	person, program := terminal(t)
	cmd := invocation{env: append(imdstest.Environment{}.Environ(), "PATH=/bin:/usr/bin")}.command(t, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	require.NoError(t, cmd.Start())
	require.NoError(t, program.Close())
	screen := &watched{words: "[y/N] ", found: func() { _, _ = io.WriteString(person, "y\n") }}
	_, _ = io.Copy(screen, person) // until the program has closed its side
	require.NoError(t, cmd.Wait(), screen.text.String())
	return erased.ReplaceAllString(strings.ReplaceAll(screen.text.String(), "\r\n", "\n"), "")
}

// erased matches what an overwritten line leaves.
var erased = regexp.MustCompile(`(?:[^\n]*\r)?\x1b\[K`)

// transcript returns the commands of a transcript and what follows each.
func transcript(block string) (commands, output []string) {
	for line := range strings.Lines(block) {
		switch command, is := strings.CutPrefix(line, "$ aztoken "); {
		case is:
			commands, output = append(commands, strings.TrimSpace(command)), append(output, "")
		case len(output) > 0:
			output[len(output)-1] += line
		}
	}
	return commands, output
}

// words splits a command like a shell, as far as the pages need that.
func words(command string) []string {
	var all []string
	for _, word := range regexp.MustCompile(`(?:[^\s"]|"[^"]*")+`).FindAllString(command, -1) {
		all = append(all, strings.ReplaceAll(word, `"`, ""))
	}
	return all
}

var date = regexp.MustCompile(`20\d\d-\d\d-\d\d`)

// replay runs the commands of a transcript against a fake, and requires their output, up to a line
// with an ellipsis.
func replay(t *testing.T, p *playing, block string) {
	t.Helper()
	commands, output := transcript(block)
	require.NotEmpty(t, commands)
	for n, command := range commands {
		got := onScreen(t, append(words(command), "--endpoint", p.GraphURL)...)
		want, cut, _ := strings.Cut(output[n], "…\n")
		if cut == "" && strings.HasSuffix(output[n], "…\n") {
			require.True(t, strings.HasPrefix(got, want), got)
			continue
		}
		require.Equal(t, date.ReplaceAllString(want, "DATE"), date.ReplaceAllString(got, "DATE"), command)
	}
}

// TestDocsTranscripts: grant, roles and federate print what the pages show.
func TestDocsTranscripts(t *testing.T) {
	t.Parallel()
	t.Run("docs/command.md", func(t *testing.T) {
		t.Parallel()
		found := checked(t, "TestDocsTranscripts", "docs/command.md")
		require.Len(t, found, 1)
		replay(t, play(t, invocation{}, "--graph"), found[0])
	})
	t.Run("docs/federation.md", func(t *testing.T) {
		t.Parallel()
		found := checked(t, "TestDocsTranscripts", "docs/federation.md")
		require.Len(t, found, 2)
		p := play(t, invocation{}, "--graph")
		do := func(args ...string) {
			t.Helper()
			got := aztoken(t, append(args, "--endpoint", p.GraphURL, "--yes")...)
			require.Zero(t, got.status, got.stderr)
		}
		do("grant", "--app=orders-client", "--role=caller", "--to=orders-worker")
		replay(t, p, found[0])
		do("federate", "--app=orders-client", "--to=orders-worker", "--revoke")
		do("federate", "--app=orders-client", "--to=orders-worker", "--audience=api://AzureADTokenExchangeChina")
		replay(t, p, found[1])
	})
}

// TestDocsWithoutAzure: the three commands with which the pages try grant and federate work as
// described, at any address of the fake.
func TestDocsWithoutAzure(t *testing.T) {
	t.Parallel()
	const address = "http://127.0.0.1:16925"
	for _, page := range []string{"docs/command.md", "docs/federation.md"} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			lines := strings.Split(strings.TrimSpace(withoutAzure(t, page)), "\n")
			require.Len(t, lines, 3)
			fake, _, _ := strings.Cut(lines[0], " #")
			p := play(t, invocation{}, words(fake)[2:]...)
			for _, line := range lines[1:] {
				require.Contains(t, line, "--endpoint "+address)
				onScreen(t, words(strings.ReplaceAll(line, address, p.GraphURL))[1:]...)
			}
			got := aztoken(t, "roles", "--app", words(lines[2])[3], "--endpoint", p.GraphURL)
			require.Zero(t, got.status, got.stderr)
			require.Contains(t, got.stdout, "orders-worker")
		})
	}
}

// withoutAzure returns the one block of a page that starts a fake Graph.
func withoutAzure(t *testing.T, page string) (found string) {
	t.Helper()
	root, err := pages.Root()
	require.NoError(t, err)
	p, err := pages.Read(root, page)
	require.NoError(t, err)
	all, err := p.Blocks()
	require.NoError(t, err)
	for _, b := range all {
		if strings.Contains(b.Text, "aztoken fake --graph") {
			require.Empty(t, found)
			found = b.Text
		}
	}
	return found
}
