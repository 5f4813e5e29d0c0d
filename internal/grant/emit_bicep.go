package grant

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// bicepAgain declares the application a second time, with what needs its client id.
const bicepAgain = `
// The client id is known only once the application exists: this adds what needs it.
resource appWithUri 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: %s
  displayName: app.displayName
  signInAudience: app.signInAudience
  api: app.api
  optionalClaims: app.optionalClaims
  appRoles: app.appRoles
`

// bicep returns a template for the extension for Microsoft Graph.
func (d declaration) bicep() (string, error) {
	var b strings.Builder
	b.WriteString(emit.Template(d.title(grants)))
	switch {
	case d.Application == nil && !d.foreign():
		d.bicepApplication(&b, nil)
		fmt.Fprintf(&b, bicepAgain, emit.BicepString(d.name))
		bicepURIs(&b, d.uris)
		b.WriteString("}\n")
		d.bicepService(&b, "appWithUri.appId")
	case d.foreign() || d.complete():
		fmt.Fprintf(&b, "\nresource service 'Microsoft.Graph/servicePrincipals@v1.0' existing = {\n  appId: %s\n}\n", emit.BicepString(d.AppID()))
	case d.name == "":
		return "", fmt.Errorf("aztoken: Bicep finds applications only by their unique name, and %s has none; use --emit az or terraform, or run aztoken grant without --emit first", d.displayName)
	default:
		d.bicepApplication(&b, d.uris)
		d.bicepService(&b, "app.appId")
	}
	names := emit.Identifiers{"app": true, "appwithuri": true, "service": true}
	parameters := map[string]string{}
	for _, i := range d.identities() {
		if i.unread != "" {
			parameters[i.unread] = names.Of(i.DisplayName + " object id")
			fmt.Fprintf(&b, "\n@description(%s)\nparam %s string\n", emit.BicepString(objectIDOf+i.unread), parameters[i.unread])
		}
	}
	for _, g := range d.grants {
		id := emit.BicepString(g.identity.ID)
		if g.identity.unread != "" {
			id = parameters[g.identity.unread]
		}
		fmt.Fprintf(&b, "\nresource %s 'Microsoft.Graph/appRoleAssignedTo@v1.0' = { // %s\n", names.Of(g.identity.DisplayName+" "+g.role.Value), emit.Comment(g.identity.shown()))
		fmt.Fprintf(&b, "  principalId: %s\n  resourceId: service.id\n  appRoleId: %s // %s\n}\n", id, emit.BicepString(g.role.ID), emit.Comment(g.role.Value))
	}
	return b.String(), nil
}

// complete reports whether only assignments may be missing.
func (d declaration) complete() bool {
	for _, r := range d.roles {
		if !r.there {
			return false
		}
	}
	return d.Service != nil && d.Service.AppRoleAssignmentRequired == d.require && d.Application.TokenVersion() == d.version &&
		len(d.uris) == len(d.Application.IdentifierURIs)
}

func (d declaration) bicepApplication(b *strings.Builder, uris []string) {
	b.WriteString("\nresource app 'Microsoft.Graph/applications@v1.0' = {\n")
	fmt.Fprintf(b, "  uniqueName: %s\n  displayName: %s\n  signInAudience: %s\n", emit.BicepString(d.name), emit.BicepString(d.displayName), emit.BicepString(d.audience))
	fmt.Fprintf(b, "  api: {\n    requestedAccessTokenVersion: %d\n  }\n", d.version)
	if d.Application == nil {
		b.WriteString("  optionalClaims: {\n    accessToken: [\n      {\n        name: 'idtyp'\n      }\n    ]\n  }\n")
	}
	roles := append([]graph.AppRole(nil), d.others...) // all of them, as the list is replaced
	for _, r := range d.roles {
		roles = append(roles, r.AppRole)
	}
	b.WriteString("  appRoles: [\n")
	for _, r := range roles {
		fmt.Fprintf(b, "    {\n      id: %s\n      value: %s\n      displayName: %s\n      description: %s\n      allowedMemberTypes: [", emit.BicepString(r.ID), bicepOrNull(r.Value), emit.BicepString(r.DisplayName), emit.BicepString(r.Description))
		for i, m := range r.AllowedMemberTypes {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(emit.BicepString(m))
		}
		fmt.Fprintf(b, "]\n      isEnabled: %t\n    }\n", r.IsEnabled)
	}
	b.WriteString("  ]\n")
	bicepURIs(b, uris)
	b.WriteString("}\n")
}

func bicepURIs(b *strings.Builder, uris []string) {
	if len(uris) == 0 {
		return
	}
	b.WriteString("  identifierUris: [\n")
	for _, uri := range uris {
		fmt.Fprintf(b, "    %s\n", strings.ReplaceAll(emit.BicepString(uri), OwnID, "${app.appId}"))
	}
	b.WriteString("  ]\n")
}

func bicepOrNull(value string) string {
	if value == "" {
		return "null"
	}
	return emit.BicepString(value)
}

func (d declaration) bicepService(b *strings.Builder, appID string) {
	fmt.Fprintf(b, "\nresource service 'Microsoft.Graph/servicePrincipals@v1.0' = {\n  appId: %s\n  appRoleAssignmentRequired: %t\n}\n", appID, d.require)
}
