package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// maxToken is far above any token, which has 2 KiB, or 20 with hundreds of roles.
const maxToken = 256 << 10

const notVerified = "decoded without verifying: anybody can write such a token"

type inspectCommand struct {
	*printer
	wantVersion string
	check       verification
}

func newInspect(p *printer) *cobra.Command {
	i := &inspectCommand{printer: p}
	cmd := &cobra.Command{
		Use:   "inspect [TOKEN|-]",
		Short: "Show what stands in a token, and verify it if asked",
		Long: `Decodes a token and shows who has it, for whom it is, its roles, its times, and what is odd about it. The token comes from
the argument, or from stdin where there is none or "-"; an argument stays in the history of the shell. It is never printed.

Nothing is verified unless --verify is given. Then the signature, issuer, tenant, audience, times and roles are checked as a
service with the package verify checks them, with the keys that Entra ID publishes, and the exit status is 1 if that fails.
The tenant is that of the token itself unless --tenant names the one that your service accepts.`,
		Example: `  aztoken token https://orders.example.com | aztoken inspect
  pbpaste | aztoken inspect --want-version 2
  aztoken inspect --verify --audience https://orders.example.com --role consumer < token.txt
  aztoken token https://orders.example.com | aztoken inspect --output json | jq .roles`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("aztoken: one token, not %d; quote it if it has spaces, as with Bearer", len(args))
			}
			return nil
		},
		RunE: runs(i.run),
	}
	cmd.Flags().StringVar(&i.wantVersion, "want-version", "", "the version of the tokens that the service takes: 1 or 2")
	complete(cmd, "want-version", "1", "2")
	i.check.addFlags(cmd)
	return cmd
}

func (i *inspectCommand) run(cmd *cobra.Command, args []string) error {
	if i.wantVersion != "" && i.wantVersion != "1" && i.wantVersion != "2" {
		return usage("aztoken: --want-version is %q; give 1 or 2", i.wantVersion)
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
	refusal := i.check.verify(cmd.Context(), token, d)
	if i.check.on {
		report.Verified = refusal == nil
		if refusal != nil {
			report.Refusal = inFlags(refusal.Error())
		}
	}
	if err := i.print(cmd.OutOrStdout(), report, func() string { return report.text(i.check.on, now) }); err != nil {
		return err
	}
	return refusal
}

// readToken is the token of the argument, or of in.
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
		return "", errors.New("aztoken: this is too large for a token; give the token alone")
	}
	token := bare(text)
	if token == "" {
		return "", errNoToken
	}
	return token, nil
}

// inspection is what inspect says.
type inspection struct {
	Verified  bool      `json:"verified"`
	Refusal   string    `json:"refusal,omitempty"`
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
	ExpiresIn int64     `json:"expires_in"` // seconds; below 0 where it has expired
	Odd       []oddity  `json:"odd"`
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
		Odd: oddities(d, wantVersion, now),
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
		row("verified", "✗ it is refused")
	}
	row("who", orNone(in.Who.ObjectID)+" (object id)")
	row("application", orNone(in.Who.ClientID)+" (client id)")
	row("tenant", orNone(in.Who.TenantID))
	row("for whom", orNone(in.Audience))
	row("roles", orNone(strings.Join(in.Roles, ", ")))
	row("scopes", strings.Join(in.Scopes, ", "))
	row("issuer", orNone(in.Issuer))
	row("version", orNone(in.Version))
	row("issued", at(in.IssuedOn))
	row("expires", at(in.ExpiresOn))
	_ = table.Flush()
	for _, o := range in.Odd {
		b.WriteString("odd: " + o.Text + "\n")
	}
	return b.String()
}
