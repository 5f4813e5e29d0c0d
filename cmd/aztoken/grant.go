package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/grant"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/rollout"
)

type grantCommand struct {
	change
	roles, uris       []string
	manifest          string
	requireAssignment bool
	isNew             bool
}

func newGrant(p *printer) *cobra.Command {
	g := &grantCommand{change: change{printer: p}}
	cmd := &cobra.Command{
		Use:   "grant --app APP --role ROLE --to IDENTITY",
		Short: "Grant a managed identity a role of an application, registering that if needed",
		Long: `Ensures that the application --app is registered with the roles --role, has a service principal, and that each
managed identity --to has these roles. It reads what exists, shows the plan, asks, applies it, and waits until Entra
ID shows the changes everywhere. Re-running it resumes an interrupted run; if nothing is missing, it changes nothing.

  --app   a client id or object id; an App ID URI (with ://); or a name: the unique name of an application, or a
          display name that only one has. A name without an application registers a new one: single-tenant, with tokens
          of version 2, the App ID URI api://<client id>, and no tokens for identities without a role. A client id may
          be that of an application of another tenant, such as Microsoft Graph.
  --role  a value, or value=description; roles that the application lacks are added.
  --to    a managed identity: its Azure resource id (or that of the resource that it belongs to, if system-assigned),
          its object id, its client id, or a name that only one has.

--manifest is an application's manifest as downloaded from the portal. It sets displayName, identifierUris,
api.requestedAccessTokenVersion and appRoles; the older form (of Azure AD Graph) works too.

You must be signed in (az login, or another source of azidentity's DefaultAzureCredential) with the Graph
permissions Application.ReadWrite.OwnedBy and AppRoleAssignment.ReadWrite.All, or as a Cloud Application
Administrator. --revoke removes roles and deletes nothing else. --emit prints the equivalent for another tool, and
changes nothing; for a new application it needs no sign-in. To try all this without Azure, run aztoken fake --graph
and set --endpoint to its address: there nobody signs in.`,
		Example: `  aztoken grant --app orders-api --role consumer --to orders-worker
  aztoken grant --app orders-api --role consumer="Consumers can read orders" --role admin --to 0d46c104-0000-4000-8000-000000000001
  aztoken grant --app orders-api --manifest manifest.json --role consumer --to orders-worker --yes --output json
  aztoken grant --app api://orders --role consumer --to /subscriptions/…/virtualMachines/worker --dry-run
  aztoken grant --app orders-api --role consumer --to orders-worker --revoke
  aztoken grant --app orders-api --role consumer --to orders-worker --emit terraform > orders.tf`,
		Args: cobra.NoArgs,
		RunE: runs(func(cmd *cobra.Command, _ []string) error { return explain(g.run(cmd)) }),
	}
	g.addFlags(cmd, "remove the roles")
	f := cmd.Flags()
	f.StringArrayVar(&g.roles, "role", nil, "a role to grant: its value, or value=description (may be repeated)")
	f.StringVar(&g.manifest, "manifest", "", "a file with the application's manifest, or - for stdin")
	f.StringArrayVar(&g.uris, "uri", nil, "an App ID URI that the application must have; {appId} in it is the client id (may be repeated)")
	f.BoolVar(&g.requireAssignment, "require-assignment", false, "limit tokens of an existing application to identities with a role")
	f.BoolVar(&g.isNew, "new", false, "with --emit: the application is new, so do not sign in to look")
	completeFiles(cmd, "manifest")
	for _, other := range []string{"manifest", "uri", "require-assignment", "new"} {
		cmd.MarkFlagsMutuallyExclusive("revoke", other)
	}
	return cmd
}

// spec returns what the flags ask for.
func (g *grantCommand) spec(stdin io.Reader) (grant.Spec, error) {
	w := grant.Spec{App: g.app, URIs: g.uris, To: g.to, RequireAssignment: g.requireAssignment, Revoke: g.revoke}
	for _, text := range g.roles {
		r, err := grant.ParseRole(text)
		if err != nil {
			return w, usageError{err}
		}
		w.Roles = append(w.Roles, r)
	}
	switch {
	case g.isNew && g.emit == "":
		return w, usage("aztoken: --new is for --emit; add it, or omit --new: without --emit the directory is always read")
	case len(w.Roles) == 0 && (g.manifest == "" || len(w.To) > 0):
		return w, usage("aztoken: no role; set --role to what tokens of the identity should contain, such as consumer")
	case len(w.To) == 0 && w.Revoke:
		return w, usage("aztoken: no identity to remove a role from; set --to")
	}
	for _, uri := range g.uris {
		if err := grant.CheckURI(uri); err != nil {
			return w, usageError{err}
		}
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
			return grant.Manifest{}, usage("aztoken: the manifest is on stdin, so there is no terminal for the question; add --yes or --dry-run, or use a file")
		}
		return grant.ParseManifest(stdin)
	}
	file, err := os.Open(g.manifest)
	if err != nil {
		return grant.Manifest{}, fmt.Errorf("aztoken: reading the manifest: %w", err)
	}
	defer func() { _ = file.Close() }()
	return grant.ParseManifest(file)
}

func (g *grantCommand) run(cmd *cobra.Command) error {
	if err := g.check(); err != nil {
		return err
	}
	spec, err := g.spec(cmd.InOrStdin())
	if err != nil {
		return err
	}
	if g.emit != "" {
		return g.printScript(cmd, spec)
	}
	state, client, err := g.readState(cmd, spec)
	if err != nil {
		return err
	}
	defer client.Close()
	steps, err := grant.Plan(spec, state)
	if err != nil {
		return err
	}
	return g.carryOut(cmd, newGrantResult(spec, state, steps), func(ctx context.Context, tell func(rollout.Progress)) (report, error) {
		after, err := grant.Apply(ctx, client, state, steps, tell)
		return newGrantResult(spec, after, steps), err
	})
}

// readState returns what exists, and the client that read it.
func (g *grantCommand) readState(cmd *cobra.Command, spec grant.Spec) (state grant.State, client *graph.Client, err error) {
	if client, err = g.connect(cmd.ErrOrStderr()); err != nil {
		return state, nil, err
	}
	err = g.read(cmd.Context(), func(ctx context.Context) (err error) {
		state, err = grant.Read(ctx, client, spec)
		return err
	})
	if err != nil {
		client.Close()
	}
	return state, client, err
}

// printScript prints the equivalent for another tool. For a new application it does not need to
// read the directory: if nobody is signed in, it assumes that the application is new.
func (g *grantCommand) printScript(cmd *cobra.Command, spec grant.Spec) error {
	state, mayBeNew := grant.Unread(spec)
	switch {
	case g.isNew && !mayBeNew:
		return usage("aztoken: --new is for the name of an application; --app is an id or an App ID URI, which an application must have already")
	case !g.isNew:
		there, client, err := g.readState(cmd, spec)
		switch {
		case err == nil:
			client.Close()
			state = there
		case mayBeNew && errors.As(err, new(*graph.SignInError)):
			say(cmd.ErrOrStderr(), "aztoken: not signed in: written for a new application, without a look at the directory; sign in (az login) if it exists already")
		default:
			return err
		}
	}
	text, err := grant.Emit(emit.Form(g.emit), spec, state, g.graphCloud().Host)
	if err != nil {
		return err
	}
	return g.printEmitted(cmd.OutOrStdout(), text)
}
