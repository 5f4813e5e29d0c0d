package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/federate"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/rollout"
)

type federateCommand struct {
	change
	name, audience string
}

func newFederate(p *printer) *cobra.Command {
	f := &federateCommand{change: change{printer: p}}
	cmd := &cobra.Command{
		Use:   "federate --app APP --to IDENTITY",
		Short: "Let a managed identity act as an application, by a federated credential",
		Long: `Ensures that the application --app has a federated identity credential for each managed identity --to: with it a
program gets the application's tokens without a secret, as the identity's own token proves who it is. It reads what
exists, shows the plan, asks, applies it, and waits until Entra ID shows the changes. Re-running it resumes an
interrupted run; if nothing is missing, it changes nothing.

  --app   a registered application: its client id, its object id, an App ID URI (with ://), its unique name, or a
          display name that only one has.
  --to    a user-assigned managed identity of the same tenant: its Azure resource id, its object id, its client id, or
          a name that only one has. Entra ID does not accept system-assigned identities.

A credential that is meant for the identity and does not work (another audience, an issuer or a subject in another
case or form) is removed and made anew. An application can have 20 credentials.

You must be signed in (az login, or another source of azidentity's DefaultAzureCredential) with the Graph permission
Application.ReadWrite.OwnedBy or Application.ReadWrite.All, or as a Cloud Application Administrator. --revoke removes
the credentials and deletes nothing else. --emit prints the equivalent for another tool, and changes nothing.`,
		Example: `  aztoken federate --app orders-client --to orders-worker
  aztoken federate --app orders-client --to 0d46c104-0000-4000-8000-000000000001 --name orders-worker --yes --output json
  aztoken federate --app api://orders-client --to /subscriptions/…/userAssignedIdentities/orders-worker --dry-run
  aztoken federate --app orders-client --to orders-worker --revoke
  aztoken federate --app orders-client --to orders-worker --emit bicep > orders.bicep`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error { return explain(f.run(cmd)) }),
	}
	f.addFlags(cmd, "remove the credentials")
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "the name of the new credential (default: that of the identity)")
	flags.StringVar(&f.audience, "audience", "", "the audience of the identity's tokens (default: that of --cloud, such as api://AzureADTokenExchange)")
	cmd.MarkFlagsMutuallyExclusive("revoke", "name")
	cmd.MarkFlagsMutuallyExclusive("revoke", "audience")
	return cmd
}

// spec returns what the flags ask for.
func (f *federateCommand) spec(cmd *cobra.Command) (federate.Spec, error) {
	w := federate.Spec{App: f.app, To: f.to, Name: f.name, Audience: f.audience, Cloud: f.graphCloud(), Revoke: f.revoke}
	if guid.Is(f.tenant) {
		w.TenantID = f.tenant
	}
	switch {
	case len(w.To) == 0:
		return w, usage("aztoken: no identity; set --to to a user-assigned managed identity")
	case len(w.To) > 1 && w.Name != "":
		return w, usage("aztoken: --name is for one identity; omit it, or set one --to")
	}
	if cmd.Flags().Changed("name") {
		if err := federate.CheckName(w.Name); err != nil {
			return w, usageError{err}
		}
	}
	if cmd.Flags().Changed("audience") {
		if err := federate.CheckAudience(w.Audience); err != nil {
			return w, usageError{err}
		}
	}
	return w, nil
}

func (f *federateCommand) run(cmd *cobra.Command) error {
	if err := f.check(); err != nil {
		return err
	}
	spec, err := f.spec(cmd)
	if err != nil {
		return err
	}
	client, err := f.connect(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer client.Close()
	var state federate.State
	if err := f.read(cmd.Context(), func(ctx context.Context) (err error) {
		state, err = federate.Read(ctx, client, spec)
		return err
	}); err != nil {
		return err
	}
	if f.emit != "" {
		text, err := federate.Emit(emit.Form(f.emit), spec, state)
		if err != nil {
			return err
		}
		return f.printEmitted(cmd.OutOrStdout(), text)
	}
	steps, err := federate.Plan(spec, state)
	if err != nil {
		return err
	}
	return f.carryOut(cmd, newFederateResult(spec, state, steps), func(ctx context.Context, tell func(rollout.Progress)) (report, error) {
		after, err := federate.Apply(ctx, client, state, steps, tell)
		return newFederateResult(spec, after, steps), err
	})
}
