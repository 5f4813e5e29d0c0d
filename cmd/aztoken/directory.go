package main

import (
	"errors"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/entra"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// directory is the tenant's directory to use, by flags.
type directory struct {
	app      string
	cloud    string
	tenant   string
	endpoint string
	timeout  time.Duration

	changed func(flag string) bool
}

func (d *directory) addFlags(cmd *cobra.Command, timeout time.Duration, what string) {
	f := cmd.Flags()
	d.changed = f.Changed
	f.StringVar(&d.app, "app", "", "the application: its name, one of its App ID URIs, or its client id (required)")
	f.StringVar(&d.cloud, "cloud", entra.PublicCloud, "the cloud: public, usgovernment or china")
	f.StringVar(&d.tenant, "tenant", "", "the tenant to sign in to (default: that of your sign-in)")
	f.StringVar(&d.endpoint, "endpoint", "", "base URL of a fake Microsoft Graph on this machine, which has a sign-in of its own (aztoken fake --graph)")
	f.DurationVar(&d.timeout, "timeout", timeout, what)
	complete(cmd, "cloud", entra.Clouds()...)
}

// check returns what is wrong with the flags.
func (d *directory) check() error {
	switch {
	case d.app == "":
		return usage("aztoken: no application; set --app to its name, one of its App ID URIs, or its client id")
	case d.changed("endpoint") && d.endpoint == "":
		return usage("aztoken: --endpoint is empty; set it to the address of a fake, such as http://127.0.0.1:16925, or omit it")
	case d.timeout <= 0:
		return usage("aztoken: --timeout is %v; set it to a time above 0, such as 10m", d.timeout)
	}
	if _, ok := entra.Cloud(d.cloud); !ok {
		return usage("aztoken: --cloud is %q; set it to public, usgovernment or china", d.cloud)
	}
	return nil
}

// graphCloud returns the Graph of the cloud.
func (d *directory) graphCloud() graph.Cloud {
	switch d.cloud {
	case "usgovernment":
		return graph.USGovernment()
	case "china":
		return graph.China()
	}
	return graph.Public()
}

// connect returns a client that signs in on first use. It reports throttling to progress.
func (d *directory) connect(progress io.Writer) (*graph.Client, error) {
	opts := graph.Options{
		Cloud: d.graphCloud(), Endpoint: d.endpoint,
		OnThrottled: func(wait time.Duration) {
			say(progress, "Microsoft Graph is throttling; waiting %s", message.Duration(wait))
		},
	}
	if d.endpoint == "" {
		var err error
		if opts.Credential, err = d.signIn(opts.Cloud); err != nil {
			return nil, err
		}
	}
	client, err := graph.New(opts)
	if err != nil {
		return nil, usage("aztoken: --endpoint is %q; set it to an http or https address of this machine, or omit it", d.endpoint)
	}
	return client, nil
}

// signIn returns the sign-in of the account at the keyboard, or of the machine.
func (d *directory) signIn(cloud graph.Cloud) (azcore.TokenCredential, error) {
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: azcore.ClientOptions{Cloud: cloud.Login}, TenantID: d.tenant,
	})
	if err != nil {
		return nil, &graph.SignInError{Err: settingError{err}}
	}
	return credential, nil
}

// settingError is the error of an environment that azidentity cannot use.
type settingError struct{ error }

// explain makes an error of the directory readable. It replaces control characters in names, and
// reduces the error of azidentity, which has a paragraph for each way to sign in, to what matters.
func explain(err error) error {
	var failed *graph.SignInError
	switch {
	case err == nil, errors.As(err, new(usageError)):
		return err
	case !errors.As(err, &failed):
		lines := strings.Split(err.Error(), "\n")
		for i := range lines {
			lines[i] = printable(lines[i])
		}
		return errors.New(strings.Join(lines, "\n"))
	}
	if mistake := (settingError{}); errors.As(err, &mistake) {
		return errors.New("aztoken: signing in: " + wire.Plain(mistake.Error()))
	}
	const advice = "run az login (or azd auth login, Connect-AzAccount), or set a service principal in the environment ($AZURE_CLIENT_ID and so on)"
	facts := []string{"aztoken", "not signed in to Azure"}
	if cause := signInCause(failed.Err.Error()); cause != "" {
		facts = []string{"aztoken", "signing in to Azure failed", wire.Plain(cause)}
	}
	return errors.New(message.Join(facts, advice))
}

// printable returns text of the directory for a terminal: anybody may choose names there.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// signInCause returns what matters in the message of azidentity's chain, which has an indented
// paragraph for each credential: the answer of Entra ID or of an endpoint. "" if no credential is
// set up.
func signInCause(message string) string {
	for attempt := range strings.SplitSeq(strings.ReplaceAll(message, "\n\t\t", " "), "\n\t") {
		if strings.Contains(attempt, "AADSTS") || strings.Contains(attempt, " RESPONSE ") {
			attempt, _, _ = strings.Cut(attempt, "Trace ID:")
			attempt, _, _ = strings.Cut(attempt, "To troubleshoot")
			return strings.TrimRight(strings.ReplaceAll(attempt, strings.Repeat("-", 80), ""), " .")
		}
	}
	return ""
}
