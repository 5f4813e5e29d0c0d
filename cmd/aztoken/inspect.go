package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// maxToken is far more than any token, which has 2 KiB, or 20 KiB with hundreds of roles.
const maxToken = 256 << 10

const notVerified = "only decoded: anybody can write such a token"

type inspectCommand struct {
	*printer
	wantVersion string
	check       verification
}

func newInspect(p *printer) *cobra.Command {
	i := &inspectCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "inspect [TOKEN|-]",
		Short: "Show a token's contents, and optionally verify it",
		Long: `Decodes a token and shows its caller, audience, roles and times, and warnings about it. The token comes from the
argument, or from stdin if there is none or it is "-"; an argument stays in the history of the shell. The token is
never printed.

With --verify, it is verified as a service with package verify does, with the keys that Entra ID publishes:
signature, issuer, tenant, audience, times and roles. The exit status is 1 if that fails. The tenant is that of the
token itself, unless --tenant names the one that your service accepts. With --key-file it works while Entra ID is down
as well, for 24 hours after the last run that fetched the keys.`,
		Example: `  aztoken token https://orders.example.com | aztoken inspect
  pbpaste | aztoken inspect --want-version 2
  aztoken inspect --verify --audience https://orders.example.com --role consumer < token.txt
  aztoken token https://orders.example.com | aztoken inspect --output json | jq .roles`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("aztoken: %d arguments, not one token; quote it if it has spaces, as after Bearer", len(args))
			}
			return nil
		},
		RunE: runs(i.run),
	}
	cmd.Flags().StringVar(&i.wantVersion, "want-version", "", "the token version that the service accepts: 1 or 2")
	complete(cmd, "want-version", "1", "2")
	i.check.addFlags(cmd)
	return cmd
}

func (i *inspectCommand) run(cmd *cobra.Command, args []string) error {
	if i.wantVersion != "" && i.wantVersion != "1" && i.wantVersion != "2" {
		return usage("aztoken: --want-version is %q; set it to 1 or 2", i.wantVersion)
	}
	if err := i.check.check(); err != nil {
		return err
	}
	token, err := readToken(cmd.InOrStdin(), args)
	if err != nil {
		return err
	}
	d, err := decode(token)
	if err != nil {
		return err
	}
	now := time.Now()
	report := newInspection(d, i.wantVersion, now)
	rejection := i.check.verify(cmd.Context(), token, d, cmd.ErrOrStderr())
	if i.check.on {
		report.Verified = rejection == nil
		if rejection != nil {
			report.Rejection = messageFor(rejection)
		}
	}
	if err := i.print(cmd.OutOrStdout(), report, func() string { return report.text(i.check.on, now) }); err != nil {
		return err
	}
	return rejection
}

// readToken returns the token of the argument, or of in.
func readToken(in io.Reader, args []string) (string, error) {
	text := ""
	if len(args) == 1 && args[0] != "-" {
		text = args[0]
	} else {
		all, err := io.ReadAll(io.LimitReader(in, maxToken+1))
		if err != nil {
			return "", fmt.Errorf("aztoken: reading the token from stdin: %w", err)
		}
		text = string(all)
	}
	if len(text) > maxToken {
		return "", errors.New("aztoken: too large for a token; pass only the token")
	}
	token := trimBearer(text)
	if token == "" {
		return "", errNoToken
	}
	return token, nil
}

// inspection is the result of inspect.
type inspection struct {
	Verified  bool      `json:"verified"`
	Rejection string    `json:"rejection,omitempty"`
	Who       who       `json:"who"`
	Audience  string    `json:"audience"`
	Roles     []string  `json:"roles"`
	Scopes    []string  `json:"scopes,omitempty"`
	Issuer    string    `json:"issuer"`
	Version   string    `json:"version"`
	KeyID     string    `json:"key_id"`
	IssuedOn  time.Time `json:"issued_on,omitzero"`
	NotBefore time.Time `json:"not_before,omitzero"`
	ExpiresOn time.Time `json:"expires_on,omitzero"`
	ExpiresIn int64     `json:"expires_in"` // seconds; negative if expired
	Warnings  []warning `json:"warnings"`
}

type who struct {
	ObjectID string `json:"object_id"`
	ClientID string `json:"client_id"`
	TenantID string `json:"tenant_id"`
	AppOnly  bool   `json:"app_only"`
}

func newInspection(d decoded, wantVersion string, now time.Time) inspection {
	in := inspection{
		Who:      who{d.ObjectID, d.ClientID, d.TenantID, d.AppOnly},
		Audience: d.Audience, Roles: d.Roles, Scopes: d.Scopes, Issuer: d.Issuer, Version: d.Version, KeyID: d.KeyID,
		IssuedOn: d.IssuedOn, NotBefore: d.NotBefore, ExpiresOn: d.ExpiresOn,
		Warnings: warnings(d, wantVersion, now),
	}
	if in.Roles == nil {
		in.Roles = []string{}
	}
	if !d.ExpiresOn.IsZero() {
		in.ExpiresIn = int64(d.ExpiresOn.Sub(now).Round(time.Second) / time.Second)
	}
	return in
}

func (in inspection) text(verified bool, now time.Time) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", name, value)
		}
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return clock(t) + ", " + relative(t, now)
	}
	switch {
	case !verified:
		row("verified", "no, "+notVerified)
	case in.Verified:
		row("verified", "yes ✓")
	default:
		row("verified", "✗ rejected")
	}
	row("caller", cmp.Or(in.Who.ObjectID, "none")+" (object id)")
	row("application", cmp.Or(in.Who.ClientID, "none")+" (client id)")
	row("tenant", cmp.Or(in.Who.TenantID, "none"))
	row("audience", cmp.Or(in.Audience, "none"))
	row("roles", cmp.Or(strings.Join(in.Roles, ", "), "none"))
	row("scopes", strings.Join(in.Scopes, ", "))
	row("issuer", cmp.Or(in.Issuer, "none"))
	row("version", cmp.Or(in.Version, "none"))
	row("issued", at(in.IssuedOn))
	row("expires", at(in.ExpiresOn))
	_ = table.Flush()
	for _, w := range in.Warnings {
		b.WriteString("warning: " + w.Text + "\n")
	}
	return b.String()
}
