package federate

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
)

// template returns a template for the extension for Microsoft Graph.
func (d declaration) template() (string, error) {
	if d.Application.UniqueName == "" {
		return "", fmt.Errorf("aztoken: Bicep finds applications only by their unique name, and %s has none; use --emit az or terraform", d.Application.DisplayName)
	}
	var b strings.Builder
	b.WriteString(emit.Template(d.title(lets)))
	fmt.Fprintf(&b, "\nresource app 'Microsoft.Graph/applications@v1.0' existing = {\n  uniqueName: %s\n}\n", emit.BicepString(d.Application.UniqueName))
	used := emit.Identifiers{"app": true}
	for _, c := range d.credentials {
		// Bicep updates the credential with this name.
		if len(c.wrong) > 1 || len(c.wrong) == 1 && c.wrong[0].Name != c.Name {
			return "", d.removeFirst(c.wrong)
		}
		const parent = "{app}"
		fmt.Fprintf(&b, "\nresource %s 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = { // %s\n", used.Of(c.Name), emit.Comment(named(c.identity)))
		fmt.Fprintf(&b, "  name: %s\n", strings.Replace(emit.BicepString(parent+"/"+c.Name), parent, "${app.uniqueName}", 1))
		if c.Description != "" {
			fmt.Fprintf(&b, "  description: %s\n", emit.BicepString(c.Description))
		}
		fmt.Fprintf(&b, "  issuer: %s\n  subject: %s\n  audiences: [\n    %s\n  ]\n}\n", emit.BicepString(c.Issuer), emit.BicepString(c.Subject), emit.BicepString(c.Audiences[0]))
	}
	return b.String(), nil
}
