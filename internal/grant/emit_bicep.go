package grant

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

const bicepHead = `// %s
// bicepconfig.json must name the extension microsoftGraphV1:
// https://learn.microsoft.com/graph/templates/bicep/quickstart-create-bicep-interactive-mode
extension microsoftGraphV1
`

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
	fmt.Fprintf(&b, bicepHead, d.title(grants))
	switch {
	case d.Application == nil && !d.foreign():
		d.bicepApplication(&b, nil)
		fmt.Fprintf(&b, bicepAgain, forBicep(d.name))
		bicepURIs(&b, d.uris)
		b.WriteString("}\n")
		d.bicepService(&b, "appWithUri.appId")
	case d.foreign() || d.complete():
		fmt.Fprintf(&b, "\nresource service 'Microsoft.Graph/servicePrincipals@v1.0' existing = {\n  appId: %s\n}\n", forBicep(d.AppID()))
	case d.name == "":
		return "", fmt.Errorf("aztoken: Bicep finds applications only by their unique name, and %s has none; use --emit az or terraform, or run aztoken grant without --emit first", d.displayName)
	default:
		d.bicepApplication(&b, d.uris)
		d.bicepService(&b, "app.appId")
	}
	names := identifiers{"app": true, "appwithuri": true, "service": true}
	for _, g := range d.grants {
		fmt.Fprintf(&b, "\nresource %s 'Microsoft.Graph/appRoleAssignedTo@v1.0' = { // %s\n", names.of(g.identity.DisplayName+" "+g.role.Value), comment(named(g.identity)))
		fmt.Fprintf(&b, "  principalId: %s\n  resourceId: service.id\n  appRoleId: %s // %s\n}\n", forBicep(g.identity.ID), forBicep(g.role.ID), comment(g.role.Value))
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
	fmt.Fprintf(b, "  uniqueName: %s\n  displayName: %s\n  signInAudience: %s\n", forBicep(d.name), forBicep(d.displayName), forBicep(d.audience))
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
		fmt.Fprintf(b, "    {\n      id: %s\n      value: %s\n      displayName: %s\n      description: %s\n      allowedMemberTypes: [", forBicep(r.ID), bicepOrNull(r.Value), forBicep(r.DisplayName), forBicep(r.Description))
		for i, m := range r.AllowedMemberTypes {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(forBicep(m))
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
		fmt.Fprintf(b, "    %s\n", strings.ReplaceAll(forBicep(uri), OwnID, "${app.appId}"))
	}
	b.WriteString("  ]\n")
}

func bicepOrNull(value string) string {
	if value == "" {
		return "null"
	}
	return forBicep(value)
}

func (d declaration) bicepService(b *strings.Builder, appID string) {
	fmt.Fprintf(b, "\nresource service 'Microsoft.Graph/servicePrincipals@v1.0' = {\n  appId: %s\n  appRoleAssignmentRequired: %t\n}\n", appID, d.require)
}
