package federate

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
)

const scriptRemove = `
remove() { # the id of a credential
  local has
  has=$(rest --method GET --url "$credentials" --query "length(value[?id=='$1'])" --output tsv) || return
  if [ "$has" = 0 ]; then return 0; fi
  rest --method DELETE --url "$credentials/$1"
}
`

const scriptAdd = `
add() { # the credential, and an expression for those like it
  local has
  has=$(rest --method GET --url "$credentials" --query "length(value[?$2])" --output tsv) || return
  if [ "$has" != 0 ]; then return 0; fi
  rest --method POST --url "$credentials" --headers Content-Type=application/json --body "$1"
}
`

// script returns a script for the Azure CLI.
func (d declaration) script(host string) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	title := d.title(lets)
	if len(d.credentials) == 0 {
		title = d.title("Stops %s from acting as %s.")
	}
	b.WriteString(emit.Script(title, host) + emit.Retry)
	if len(d.remove) > 0 {
		b.WriteString(scriptRemove)
	}
	if len(d.credentials) > 0 {
		b.WriteString(scriptAdd)
	}
	line("\ncredentials=\"$graph/v1.0/applications/\"%s/federatedIdentityCredentials", emit.Shell(d.Application.ID))
	for _, f := range d.remove {
		line("retry remove %s # %s", emit.Shell(f.ID), emit.Comment(f.Name))
	}
	for _, c := range d.credentials {
		c.ID = "" // Entra assigns it
		line("retry add %s \\", emit.Shell(emit.JSON(c.FederatedCredential)))
		line("  %s # %s", emit.Shell(fmt.Sprintf("issuer==%s && subject==%s && audiences==%s", emit.Literal(c.Issuer), emit.Literal(c.Subject), emit.Literal(c.Audiences))),
			emit.Comment(named(c.identity)))
	}
	if len(d.remove)+len(d.credentials) == 0 {
		line("# There are no credentials to remove.")
	}
	return b.String()
}
