package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// replicationTimeout is twice what Entra was seen to take at worst.
const replicationTimeout = 10 * time.Minute

type grantCommand struct {
	*printer
	directory
	roles, to, uris   []string
	manifest          string
	requireAssignment bool
	revoke            bool
	dryRun, yes       bool
	emit              string
}

func newGrant(p *printer) *cobra.Command {
	g := &grantCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "grant --app APP --role ROLE --to IDENTITY",
		Short: "Give a managed identity a role of an application, and register that first if need be",
		Long: `Sees to it that the application --app is registered with the roles --role, has a service principal, and that each managed
identity --to has these roles. It reads what is there, shows what it is about to change, asks, does it, and waits until Entra
ID shows it everywhere. A second run changes nothing, and one that was interrupted is gone on with by the same command.

  --app   a client id; an App ID URI (it has ://); or a name: first as the unique name of an application, then as its
          display name, which only one may have. A name that nothing has is that of a new application, registered for this
          tenant alone, with tokens of version 2, the App ID URI api://<client id>, and no tokens for identities without
          a role. The client id may be that of another tenant's application, such as Microsoft Graph.
  --role  a value, or value=description; what the application lacks is added to it.
  --to    a managed identity: its Azure resource id (or that of the resource whose system-assigned one it is), its object
          id, its client id, or its name, which only one may have.

--manifest is an application's manifest as the portal downloads it. From it are taken displayName, identifierUris,
api.requestedAccessTokenVersion and appRoles; the older form (of Azure AD Graph) is understood too.

You need to be signed in (az login, or whatever else azidentity's DefaultAzureCredential finds) with the Graph permissions
Application.ReadWrite.OwnedBy and AppRoleAssignment.ReadWrite.All, or as a Cloud Application Administrator. --revoke takes
roles back and deletes nothing else. --emit prints what would do the same, and changes nothing.`,
		Example: `  aztoken grant --app orders-api --role consumer --to orders-worker
  aztoken grant --app orders-api --role consumer="Consumers can read orders" --role admin --to 0d46c104-0000-4000-8000-000000000001
  aztoken grant --app orders-api --manifest manifest.json --role consumer --to orders-worker --yes --output json
  aztoken grant --app api://orders --role consumer --to /subscriptions/…/virtualMachines/worker --dry-run
  aztoken grant --app orders-api --role consumer --to orders-worker --revoke
  aztoken grant --app orders-api --role consumer --to orders-worker --emit terraform > orders.tf`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error { return explain(g.run(cmd)) }),
	}
	g.addFlags(cmd, replicationTimeout, "the most time to wait for Entra ID")
	f := cmd.Flags()
	f.StringArrayVar(&g.roles, "role", nil, "a role to give: its value, or value=description (may be repeated)")
	f.StringArrayVar(&g.to, "to", nil, "a managed identity (may be repeated)")
	f.StringVar(&g.manifest, "manifest", "", "a file with the application's manifest, or - for stdin")
	f.StringArrayVar(&g.uris, "uri", nil, "an App ID URI that the application has to have; {appId} in it is the client id (may be repeated)")
	f.BoolVar(&g.requireAssignment, "require-assignment", false, "let an application that is there already give tokens only to those with a role")
	f.BoolVar(&g.revoke, "revoke", false, "take the roles back")
	f.BoolVar(&g.dryRun, "dry-run", false, "show the plan and change nothing")
	f.BoolVar(&g.yes, "yes", false, "do not ask")
	f.StringVar(&g.emit, "emit", "", "print what would do it instead: az (a script), terraform or bicep")
	complete(cmd, "emit", grant.Forms()...)
	for _, other := range []string{"manifest", "uri", "require-assignment"} {
		cmd.MarkFlagsMutuallyExclusive("revoke", other)
	}
	cmd.MarkFlagsMutuallyExclusive("emit", "dry-run")
	return cmd
}

// wanted is what the flags ask for.
func (g *grantCommand) wanted(stdin io.Reader) (grant.Spec, error) {
	w := grant.Spec{App: g.app, URIs: g.uris, To: g.to, RequireAssignment: g.requireAssignment, Revoke: g.revoke}
	for _, text := range g.roles {
		r, err := grant.ParseRole(text)
		if err != nil {
			return w, usageError{err}
		}
		w.Roles = append(w.Roles, r)
	}
	switch {
	case len(w.Roles) == 0 && (g.manifest == "" || len(w.To) > 0):
		return w, usage("aztoken: no role; give --role, what tokens of the identity shall say, such as consumer")
	case len(w.To) == 0 && w.Revoke:
		return w, usage("aztoken: no identity to take a role from; give --to")
	}
	for _, uri := range g.uris {
		if err := grant.CheckURI(uri); err != nil {
			return w, usageError{err}
		}
	}
	for _, to := range g.to {
		if to == "" {
			return w, usage("aztoken: --to is empty; give a managed identity")
		}
	}
	if g.emit != "" && g.emit != string(grant.AzureCLI) && g.emit != string(grant.Terraform) && g.emit != string(grant.Bicep) {
		return w, usage("aztoken: --emit is %q; give %s", g.emit, strings.Join(grant.Forms(), ", "))
	}
	if g.manifest == "" {
		return w, nil
	}
	m, err := g.readManifest(stdin)
	if err != nil {
		return w, err
	}
	return m.AddTo(w), nil
}

func (g *grantCommand) readManifest(stdin io.Reader) (grant.Manifest, error) {
	if g.manifest == "-" {
		if !g.yes && !g.dryRun && g.emit == "" {
			return grant.Manifest{}, usage("aztoken: with the manifest on stdin nobody can be asked there; add --yes or --dry-run, or give a file")
		}
		return grant.ParseManifest(stdin)
	}
	file, err := os.Open(g.manifest)
	if err != nil {
		return grant.Manifest{}, fmt.Errorf("aztoken: the manifest cannot be read: %w", err)
	}
	defer func() { _ = file.Close() }()
	return grant.ParseManifest(file)
}

func (g *grantCommand) run(cmd *cobra.Command) error {
	if err := g.check(); err != nil {
		return err
	}
	wanted, err := g.wanted(cmd.InOrStdin())
	if err != nil {
		return err
	}
	client, err := g.connect(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	defer client.Close()
	state, err := g.read(cmd.Context(), client, wanted)
	if err != nil {
		return err
	}
	if g.emit != "" {
		return g.printEmitted(cmd.OutOrStdout(), wanted, state)
	}
	steps, err := grant.Plan(wanted, state)
	if err != nil {
		return err
	}
	result := newGrantResult(wanted, state, steps)
	if len(steps) == 0 || g.dryRun {
		result.DryRun = g.dryRun
		return g.print(cmd.OutOrStdout(), result, result.text)
	}
	if !g.json() {
		_, _ = io.WriteString(cmd.OutOrStdout(), result.plan())
	}
	if !g.yes {
		if g.json() {
			_, _ = io.WriteString(cmd.ErrOrStderr(), result.plan())
		}
		if yes, err := confirmed(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr(), "Do it?"); err != nil || !yes {
			return orRefused(err)
		}
	}
	return g.apply(cmd, client, wanted, state, steps)
}

// read finds out what is there. It has a time of its own, as people take theirs to read a plan.
func (g *grantCommand) read(ctx context.Context, client *graph.Client, wanted grant.Spec) (grant.State, error) {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return grant.Read(ctx, client, wanted)
}

// apply carries the steps out, and prints what was done however far that is.
func (g *grantCommand) apply(cmd *cobra.Command, client *graph.Client, wanted grant.Spec, state grant.State, steps []grant.Step) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), g.timeout)
	defer cancel()
	progress := newStepWriter(cmd.ErrOrStderr())
	state, err := grant.Apply(ctx, client, state, steps, progress.tell)
	if err != nil {
		progress.erase()
		if !g.json() {
			return err
		}
	}
	result := newGrantResult(wanted, state, steps)
	result.apply(progress.done, err == nil)
	if printErr := g.print(cmd.OutOrStdout(), result, result.text); err == nil {
		err = printErr
	}
	return err
}

func (g *grantCommand) printEmitted(out io.Writer, wanted grant.Spec, state grant.State) error {
	text, err := grant.Emit(grant.Form(g.emit), wanted, state, g.graphCloud().Host)
	if err != nil {
		return err
	}
	return g.print(out, emitted{g.emit, text}, func() string { return text })
}

// emitted is what --emit prints, as JSON.
type emitted struct {
	Form string `json:"form"`
	Text string `json:"text"`
}
