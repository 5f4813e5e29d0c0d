package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// The exit statuses of every command.
const (
	statusOK     = 0
	statusFailed = 1 // the command was valid and failed
	statusUsage  = 2 // wrong flags or arguments
)

// streams are those of the process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// errReported is the failure of a command that has reported it on stdout already.
var errReported = errors.New("reported")

// failure is the error of a command whose flags and arguments are valid.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// A programEnd is the end of a command that ran a program: with the program's status and no error,
// or with an error of its own.
type programEnd struct {
	error
	status int
}

// Error implements error. The status of the program says all.
func (e programEnd) Error() string {
	if e.error == nil {
		return fmt.Sprintf("the program ended with status %d", e.status)
	}
	return e.error.Error()
}

func (e programEnd) Unwrap() error { return e.error }

// usage returns the error of flags or arguments that the command itself finds wrong.
func usage(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

type usageError struct{ error }

// run runs the command and returns its exit status. Nothing that looks like a token gets to stderr,
// even if an error quotes it.
func run(ctx context.Context, args []string, s streams) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	at, err := root.ExecuteContextC(ctx)
	if err == nil {
		return statusOK
	}
	if errors.Is(err, errReported) {
		return statusFailed
	}
	var ended programEnd
	if errors.As(err, &ended) && ended.error == nil {
		return ended.status
	}
	text := strings.TrimSpace(messageFor(err))
	if !strings.HasPrefix(text, "aztoken: ") && !strings.HasPrefix(text, "verify: ") {
		text = "aztoken: " + text // cobra's
	}
	_, _ = fmt.Fprintln(s.err, text)
	if ended.error != nil {
		return ended.status
	}
	if errors.As(err, new(failure)) && !errors.As(err, new(usageError)) {
		return statusFailed
	}
	_, _ = fmt.Fprintf(s.err, "run %s --help for usage\n", at.CommandPath())
	return statusUsage
}

func newRoot() *cobra.Command {
	p := &printer{format: textFormat}
	root := &cobra.Command{
		Use: "aztoken", SuggestionsMinimumDistance: 2,
		Short: "Get, inspect and diagnose tokens of Azure managed identities",
		Long: `aztoken gets, inspects and diagnoses tokens of Azure managed identities, runs a fake identity endpoint for
local development, serves tokens to programs in every language, checks tokens for services behind a reverse
proxy, grants an identity a role of the service that it calls, and lets it act as an application.

Results go to stdout, everything else to stderr. Tokens are printed only on request. The exit status is 0 for
success, 1 for failure, and 2 for wrong flags or arguments.`,
		Version:       buildVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
		// Without it cobra would print the help for an unknown command, and exit with 0.
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().Var(&p.format, "output", "output format: text or json")
	complete(root, "output", string(textFormat), string(jsonFormat))
	root.AddCommand(newToken(p), newInspect(p), newDoctor(p), newFake(p), newAgent(p), newGuard(p), newReady(p), newGrant(p), newRoles(p), newFederate(p))
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	return root
}

// unknownCommand returns the error of a word that is not a command, with what it may have meant.
func unknownCommand(root *cobra.Command, word string) error {
	meant := root.SuggestionsFor(word)
	if word == "version" || root.Flags().Lookup(word) != nil {
		meant = append(meant, "--"+word)
	}
	if len(meant) == 0 {
		return fmt.Errorf("aztoken: unknown command %q", word)
	}
	return fmt.Errorf("aztoken: unknown command %q; did you mean %s?", word, strings.Join(meant, " or "))
}

// runs returns f as the RunE of a command. Its errors are failures, not wrong usage.
func runs(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := f(cmd, args); err != nil {
			return failure{err}
		}
		return nil
	}
}

// oneResource checks the argument of commands that request a token.
func oneResource(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 || len(args) == 1 && args[0] == "":
		return errors.New("aztoken: no resource; pass the App ID URI of the service to call, such as https://vault.azure.net")
	case len(args) > 1:
		return fmt.Errorf("aztoken: %d resources; pass one", len(args))
	}
	return nil
}

// version is that of a release, which the linker sets: -ldflags "-X main.version=v1.2.3".
var version string

// buildVersion returns the version of a release, or what the go command knows: the version of
// go install, or that of the checkout.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
