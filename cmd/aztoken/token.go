package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken"
)

type tokenCommand struct {
	*printer
	source
	storage
	watch, showToken, dev, renew bool
}

func newToken(p *printer) *cobra.Command {
	t := &tokenCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "token RESOURCE",
		Short: "Get a token and print it",
		Long: `Gets a token for RESOURCE, the App ID URI of the service to call, and prints it on stdout, alone on a line.
With --output json it is the member "token" of an object, next to its expiry.

With --watch the command keeps running, keeps the token fresh as a program with the library would, and reports
each rotation on stderr. It then prints tokens only with --show-token, one per line of stdout. With --watch
--output json each event is a line of JSON on stdout, which has the token only with --show-token.

With --store a sealed copy of the token is kept in a directory. The next call takes it from there without a
request, until it is due for a refresh, so that a cron job has a token in an outage too. Name the identity then, with
--client-id or another id: without one a stored token is not compared with the machine's identity until its refresh.`,
		Example: `  curl -H "Authorization: Bearer $(aztoken token https://orders.example.com)" https://orders.example.com/orders
  aztoken token https://vault.azure.net --client-id 0d46c104-0000-4000-8000-000000000001
  aztoken token https://management.azure.com --dev          # on your own machine, after az login
  aztoken token https://graph.microsoft.com --app-client-id $APP --app-tenant $TENANT   # as an app registration
  aztoken token https://orders.example.com --watch          # watch it being refreshed; Ctrl-C ends it
  aztoken token https://vault.azure.net --output json | jq -r .expires_on
  aztoken token https://orders.example.com --client-id 0d46c104-0000-4000-8000-000000000001 --store /var/lib/orders/tokens`,
		Args: oneResource, ValidArgsFunction: completeResource,
		RunE: runs(t.run),
	}
	t.addFlags(cmd)
	t.addStoreFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&t.watch, "watch", false, "keep running, and report each new token")
	f.BoolVar(&t.showToken, "show-token", false, "with --watch: print the tokens too")
	f.BoolVar(&t.dev, "dev", false, "use your own sign-in instead of a managed identity: Azure CLI, azd or PowerShell")
	f.BoolVar(&t.renew, "renew", false, "with --store: request a new token instead of the stored one, such as after a role was granted")
	for _, flag := range slices.Concat([]string{"endpoint", "store"}, idFlags, appFlags) {
		cmd.MarkFlagsMutuallyExclusive("dev", flag)
	}
	return cmd
}

func (t *tokenCommand) run(cmd *cobra.Command, args []string) error {
	if err := t.check(); err != nil {
		return err
	}
	if t.showToken && !t.watch {
		return usage("aztoken: --show-token is for --watch; without --watch the token is printed anyway")
	}
	store, err := t.open()
	if err != nil {
		return err
	}
	if t.renew && (store == nil || t.watch) {
		return usage("aztoken: --renew is for --store without --watch; without a store each call requests a token anyway")
	}
	opts := &aztoken.Options{ID: t.id(), Federation: t.application.federation(), Endpoint: t.endpoint, Store: store}
	if t.dev {
		credential, err := newDeveloper()
		if err != nil {
			return err
		}
		opts.Credential = credential
	}
	if t.watch {
		return t.named(t.watchOver(cmd, opts, args[0]))
	}
	refreshed := make(chan struct{}, 1)
	opts.OnEvent = func(ev aztoken.Event) {
		switch {
		case ev.Kind == aztoken.EventStoreFailed:
			say(cmd.ErrOrStderr(), "aztoken: the store does not work: %s", ev.Err)
		case ev.Background && ev.Kind != aztoken.EventRejected:
			select {
			case refreshed <- struct{}{}:
			default:
			}
		}
	}
	token, client, err := first(cmd.Context(), opts, args[0], t.timeout)
	if err != nil {
		return t.named(err)
	}
	defer client.Close() // this waits until the token is saved
	if store != nil {
		token = t.renewed(cmd.Context(), client, token, refreshed)
	}
	return t.print(cmd.OutOrStdout(), newTokenResult(token, client.Status().Host), func() string { return token.Value() + "\n" })
}

// refreshTime is how long the command waits for the due refresh of a stored token: a command that
// ends after milliseconds would never refresh one. In an outage each call takes this long.
const refreshTime = 2 * time.Second

// isStored reports whether the token of client came from the store.
func isStored(client *aztoken.Client) bool {
	for _, r := range client.Status().Resources {
		return r.Source == "store"
	}
	return false
}

// renewed returns the token that replaces token if that was stored and is due for a refresh, or is
// to be renewed. It returns token itself if nothing replaces it.
func (t *tokenCommand) renewed(ctx context.Context, client *aztoken.Client, token aztoken.Token, refreshed <-chan struct{}) aztoken.Token {
	switch {
	case !isStored(client):
		// It was requested just now, or the refresh has already replaced it.
	case t.renew:
		client.Invalidate(token)
	case !token.RefreshOn.After(time.Now()):
		select {
		case <-refreshed:
		case <-time.After(refreshTime):
		case <-ctx.Done():
		}
	}
	if other, err := client.Token(ctx, token.Resource); err == nil {
		return other
	}
	return token
}

// tokenResult is a token as JSON.
type tokenResult struct {
	Token     string    `json:"token"`
	Resource  string    `json:"resource"`
	Host      string    `json:"host"`
	ExpiresOn time.Time `json:"expires_on"`
	RefreshOn time.Time `json:"refresh_on"`
}

func newTokenResult(t aztoken.Token, host string) tokenResult {
	return tokenResult{t.Value(), t.Resource, hostName(host), t.ExpiresOn.UTC(), t.RefreshOn.UTC().Truncate(time.Second)}
}

// first makes a client and gets its first token. Unlike a program it does not wait for an identity
// endpoint that may still start: a person wants to know at once that there is none.
func first(ctx context.Context, opts *aztoken.Options, resource string, timeout time.Duration) (aztoken.Token, *aztoken.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	next := opts.OnEvent
	opts.OnEvent = func(ev aztoken.Event) {
		if ev.Kind == aztoken.EventFailed && errors.Is(ev.Err, aztoken.ErrNoManagedIdentity) {
			giveUp(ev.Err)
		}
		if next != nil {
			next(ev)
		}
	}
	client, err := aztoken.NewClient(opts)
	if err != nil {
		return aztoken.Token{}, nil, err
	}
	token, err := client.Token(ctx, resource)
	if err == nil {
		return token, client, nil
	}
	_ = client.Close()
	if cause := context.Cause(ctx); errors.Is(cause, aztoken.ErrNoManagedIdentity) {
		err = cause
	}
	return aztoken.Token{}, nil, err
}
