package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/pages"
)

// Every call of aztoken in the README and the docs, in a block or in a sentence, uses a command and
// flags that exist. In a block the number of arguments is right, too.
func TestCallsInTheDocsAreUnderstood(t *testing.T) {
	t.Parallel()
	root, err := pages.Root()
	require.NoError(t, err)
	users, err := pages.Users(root)
	require.NoError(t, err)
	calls := 0
	for _, p := range users {
		blocks, err := p.Blocks()
		require.NoError(t, err)
		for _, b := range blocks {
			script := b.Text
			switch b.Language {
			case "sh":
			case "text", "console":
				script = pages.Console(b.Text)
			default:
				continue
			}
			for _, words := range pages.Commands(script) {
				if words[0] == "aztoken" {
					calls++
					if err := understood(words[1:], true); err != nil {
						t.Errorf("%s: %s: %v", b.Where(), strings.Join(words, " "), err)
					}
				}
			}
		}
		for _, b := range p.Inline() {
			for _, words := range pages.Commands(b.Text) {
				if words[0] == "aztoken" {
					calls++
					if err := understood(words[1:], false); err != nil {
						t.Errorf("%s: %s: %v", b.Where(), strings.Join(words, " "), err)
					}
				}
			}
		}
	}
	require.Greater(t, calls, 30)
}

func TestUnderstood(t *testing.T) {
	t.Parallel()
	for _, call := range []string{
		"token https://orders.example.com --client-id x", "agent --allow a -- python3 x.py --flag", "--version", "completion bash",
	} {
		require.NoError(t, understood(strings.Fields(call), true), call)
	}
	for _, call := range []string{"token a --nonsense", "nonsense", "token a b", "doctor --role"} {
		require.Error(t, understood(strings.Fields(call), true), call)
	}
	require.NoError(t, understood([]string{"token"}, false))
	require.NoError(t, understood([]string{"doctor", "--role"}, false), "a sentence names a flag without its value")
	require.Error(t, understood([]string{"doctor", "--roles"}, false))
}

// understood returns nil if aztoken understands the command line: a whole one, or one from a
// sentence.
func understood(args []string, whole bool) error {
	root := newRoot()
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	root.InitDefaultCompletionCmd(args...)
	root.InitDefaultHelpCmd()
	root.InitDefaultVersionFlag()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if !whole {
		if last := len(rest) - 1; last >= 0 && strings.HasPrefix(rest[last], "--") && !strings.Contains(rest[last], "=") {
			name := strings.TrimPrefix(rest[last], "--")
			if f := cmd.Flag(name); f != nil && f.NoOptDefVal == "" {
				rest = rest[:last]
			}
		}
	}
	if err := cmd.ParseFlags(rest); err != nil || !whole {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}
