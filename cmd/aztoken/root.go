package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// The exit statuses of every command.
const (
	statusOK     = 0
	statusFailed = 1 // the command was understood and did not succeed
	statusUsage  = 2 // flags or arguments that make no sense
)

// streams are those of the process.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// errReported is the failure of a command that has said on stdout already what is wrong.
var errReported = errors.New("reported")

// A failure is what ended a command after its flags and arguments had been understood.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// A programEnd is the end of a command that ran a program: with the program's status and no error, or with an error of
// its own.
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

// usage is a mistake in flags or arguments that only the command itself can see.
func usage(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

type usageError struct{ error }

// run is the whole command; the result is the exit status. Nothing that looks like a token gets to stderr, whoever
// quoted it.
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
	message := strings.TrimSpace(inFlags(err.Error()))
	if !strings.HasPrefix(message, "aztoken: ") && !strings.HasPrefix(message, "verify: ") {
		message = "aztoken: " + message // of cobra's
	}
	_, _ = fmt.Fprintln(s.err, wire.Redact(message))
	if errors.As(err, &ended) {
		return ended.status
	}
	if errors.As(err, new(failure)) && !errors.As(err, new(usageError)) {
		return statusFailed
	}
	_, _ = fmt.Fprintf(s.err, "%s --help shows how it is used\n", at.CommandPath())
	return statusUsage
}

func newRoot() *cobra.Command {
	p := &printer{format: textFormat}
	root := &cobra.Command{
		Use:   "aztoken",
		Short: "Tokens of Azure's managed identities, for the person at the keyboard",
		Long: `aztoken gets, inspects and diagnoses tokens of Azure's managed identities, plays an identity endpoint for local development,
serves kept tokens to programs in every language, and gives an identity a role of the service that it calls.

Results go to stdout, everything else to stderr. No token is printed unless it is asked for. The exit status is 0 if all is
well, 1 if not, and 2 if the command was not understood.`,
		Version:       buildVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
		// Without it cobra would print the help where a word is no command, and exit with 0.
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("aztoken: %q is none of its commands", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().Var(&p.format, "output", "the form of the output: text or json")
	complete(root, "output", string(textFormat), string(jsonFormat))
	root.AddCommand(newToken(p), newInspect(p), newDoctor(p), newFake(p), newAgent(p), newReady(p), newGrant(p), newRoles(p))
	return root
}

// runs makes the RunE of a command of f, whose errors are failures and no mistakes in how it was called.
func runs(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if err := f(cmd, args); err != nil {
			return failure{err}
		}
		return nil
	}
}

// oneResource is the argument of commands that ask for a token.
func oneResource(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 || len(args) == 1 && args[0] == "":
		return errors.New("aztoken: no resource; give the App ID URI of the service to call, such as https://vault.azure.net")
	case len(args) > 1:
		return fmt.Errorf("aztoken: one resource, not %d", len(args))
	}
	return nil
}

// complete gives the shell the values of a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist
	}
}

func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
