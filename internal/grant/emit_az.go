package grant

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

const azApplication = `
add_role() { # the value and the role, as literals of JMESPath
  local has roles
  has=$(rest --method GET --url "$graph/v1.0/applications/$app" --query "length(appRoles[?value==$1])" --output tsv) || return
  if [ "$has" != 0 ]; then return 0; fi
  roles=$(rest --method GET --url "$graph/v1.0/applications/$app" --query "[appRoles, [$2]][]" --output json) || return
  rest --method PATCH --url "$graph/v1.0/applications/$app" --headers Content-Type=application/json --body "{\"appRoles\": $roles}"
}

add_uri() {
  local has uris
  has=$(rest --method GET --url "$graph/v1.0/applications/$app" --query "length(identifierUris[?@==\` + "`" + `\"$1\"\` + "`" + `])" --output tsv) || return
  if [ "$has" != 0 ]; then return 0; fi
  uris=$(rest --method GET --url "$graph/v1.0/applications/$app" --query "[identifierUris, [\` + "`" + `\"$1\"\` + "`" + `]][]" --output json) || return
  rest --method PATCH --url "$graph/v1.0/applications/$app" --headers Content-Type=application/json --body "{\"identifierUris\": $uris}"
}
`

const azAssign = `
assign() { # the object id of an identity and the id of a role
  local has
  has=$(rest --method GET --url "$graph/v1.0/servicePrincipals/$1/appRoleAssignments" \
    --uri-parameters "\$filter=resourceId eq $service" --query "length(value[?appRoleId=='$2'])" --output tsv) || return
  if [ "$has" != 0 ]; then return 0; fi
  rest --method POST --url "$graph/v1.0/servicePrincipals/$service/appRoleAssignedTo" --headers Content-Type=application/json \
    --body "{\"principalId\": \"$1\", \"resourceId\": \"$service\", \"appRoleId\": \"$2\"}"
}
`

// az returns a script for the Azure CLI.
func (d declaration) az(host string) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	b.WriteString(emit.Script(d.title(grants), host) + emit.Retry)
	if !d.foreign() {
		b.WriteString(azApplication)
	}
	if len(d.grants) > 0 {
		b.WriteString(azAssign)
	}
	b.WriteString(azFinders(d.Unread))
	line("")
	switch {
	case d.foreign():
		line("service=%s", emit.Shell(d.Service.ID))
	case d.Application != nil:
		line("app=%s", emit.Shell(d.Application.ID))
		line("client=%s", emit.Shell(d.Application.AppID))
		if d.Application.TokenVersion() != d.version {
			line(`rest --method PATCH --url "$graph/v1.0/applications/$app" --headers Content-Type=application/json --body %s`,
				emit.Shell(emit.JSON(map[string]any{"api": map[string]any{"requestedAccessTokenVersion": d.version}})))
		}
	default:
		path := "/v1.0/applications" + graph.ByKey("uniqueName", d.name)
		line(`rest --method PATCH --url "$graph%s" --headers Prefer=create-if-missing Content-Type=application/json --body %s`, path,
			emit.Shell(emit.JSON(map[string]any{
				"displayName": d.displayName, "signInAudience": d.audience, "api": map[string]any{"requestedAccessTokenVersion": d.version},
				"optionalClaims": graph.IDTypeClaim(),
			})))
		line(`app=$(retry rest --method GET --url "$graph%s" --query id --output tsv)`, path)
		line(`client=$(retry rest --method GET --url "$graph%s" --query appId --output tsv)`, path)
	}
	if !d.foreign() {
		for _, r := range d.roles {
			line("retry add_role %s %s", emit.Shell(emit.Literal(r.Value)), emit.Shell(emit.Literal(r.AppRole)))
		}
		for _, uri := range d.uris {
			line("retry add_uri %s", strings.TrimSuffix(strings.ReplaceAll(emit.Shell(uri), OwnID, `'"$client"'`), "''"))
		}
		if d.Service == nil || d.require {
			line(`retry rest --method PATCH --url "$graph/v1.0/servicePrincipals(appId='$client')" \`)
			line(`  --headers Prefer=create-if-missing Content-Type=application/json --body '{"appRoleAssignmentRequired": true}'`)
		}
		line(`service=$(retry rest --method GET --url "$graph/v1.0/servicePrincipals(appId='$client')" --query id --output tsv)`)
	}
	variables := map[string]string{}
	names := emit.Identifiers{}
	for _, i := range d.identities() {
		if i.unread != "" {
			variables[i.unread] = names.Of("identity " + i.DisplayName)
			line("%s=$(retry %s)", variables[i.unread], azFind(i.unread))
		}
	}
	for _, g := range d.grants {
		id := g.identity.ID
		if g.identity.unread != "" {
			id = `"$` + variables[g.identity.unread] + `"`
		}
		line("retry assign %s %s # %s: %s", id, g.role.ID, emit.Comment(g.identity.DisplayName), emit.Comment(g.role.Value))
	}
	return b.String()
}

// azRevocation returns a script that removes the assignments.
func (d declaration) azRevocation(host string) string {
	var b strings.Builder
	b.WriteString(emit.Script(d.title("Revokes %s of %s from %s."), host))
	b.WriteString(`
unassign() { # the object id of an identity and the id of a role
  local ids id
  ids=$(rest --method GET --url "$graph/v1.0/servicePrincipals/$1/appRoleAssignments" \
    --uri-parameters "\$filter=resourceId eq $service" --query "value[?appRoleId=='$2'].id" --output tsv)
  for id in $ids; do
    rest --method DELETE --url "$graph/v1.0/servicePrincipals/$service/appRoleAssignedTo/$id"
  done
}
`)
	if d.Service == nil {
		b.WriteString("\n# There is no service principal, so there are no assignments.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "\nservice=%s\n", emit.Shell(d.Service.ID))
	for _, g := range d.grants {
		fmt.Fprintf(&b, "unassign %s %s # %s: %s\n", g.identity.ID, g.role.ID, emit.Comment(g.identity.DisplayName), emit.Comment(g.role.Value))
	}
	return b.String()
}
