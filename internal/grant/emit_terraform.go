package grant

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

const terraformHead = `# %s
# What exists is imported; check the plan before you apply it.

terraform {
  required_version = ">= 1.5" # of which import blocks are
  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
  }
}
`

// terraformIDType requests the claim by which a service distinguishes applications from users.
const terraformIDType = `
resource "azuread_application_optional_claims" "service" {
  application_id = %s.id

  access_token {
    name = "idtyp"
  }
}
`

// terraform returns a configuration for the provider azuread.
func (d declaration) terraform() string {
	t := &hcl{names: identifiers{}}
	fmt.Fprintf(&t.Builder, terraformHead, d.title(grants))
	service := `"` + d.foreignID() + `"`
	roleIDs := map[string]string{}
	for _, r := range d.roles {
		roleIDs[r.Value] = forTerraform(r.ID)
	}
	if !d.foreign() {
		service = d.terraformApplication(t, roleIDs)
	}
	for _, g := range d.grants {
		if g.id != "" {
			g.id = "/servicePrincipals/" + d.Service.ID + "/appRoleAssignedTo/" + g.id
		}
		t.resource("azuread_app_role_assignment", t.names.of(g.identity.DisplayName+" "+g.role.Value), g.id,
			"principal_object_id", forTerraform(g.identity.ID),
			"resource_object_id", service,
			"app_role_id", roleIDs[g.role.Value])
	}
	return t.String()
}

func (d declaration) foreignID() string {
	if d.foreign() {
		return d.Service.ID
	}
	return ""
}

// terraformApplication writes the application, its roles and its service principal, and returns the
// expression of the latter's object id. The ids of roles become expressions.
func (d declaration) terraformApplication(t *hcl, roleIDs map[string]string) string {
	const app = "azuread_application_registration.service"
	at := ""
	if d.Application != nil {
		at = "/applications/" + d.Application.ID
	}
	under := func(there bool, path string) string {
		if at == "" || !there {
			return ""
		}
		return at + path
	}
	t.resource("azuread_application_registration", "service", at,
		"display_name", forTerraform(d.displayName),
		"sign_in_audience", forTerraform(d.audience),
		"requested_access_token_version", fmt.Sprint(d.version))
	if d.Application == nil {
		fmt.Fprintf(t, terraformIDType, app)
	}
	for _, r := range d.roles {
		id := forTerraform(r.ID)
		if d.Application == nil {
			// The id that aztoken grant would use, once the client id is known.
			id = fmt.Sprintf("uuidv5(%s.client_id, %s)", app, forTerraform(r.Value))
		}
		name := t.names.of(r.Value)
		members := asJSON(r.AllowedMemberTypes)
		t.resource("azuread_application_app_role", name, under(r.there, "/appRoles/"+r.ID),
			"application_id", app+".id",
			"role_id", id,
			"value", forTerraform(r.Value),
			"display_name", forTerraform(r.DisplayName),
			"description", forTerraform(r.Description),
			"allowed_member_types", strings.ReplaceAll(members, ",", ", "))
		roleIDs[r.Value] = "azuread_application_app_role." + name + ".role_id"
	}
	for i, uri := range d.uris {
		there := d.Application != nil && i < len(d.Application.IdentifierURIs)
		expression := strings.ReplaceAll(forTerraform(uri), OwnID, "${"+app+".client_id}")
		t.resource("azuread_application_identifier_uri", fmt.Sprintf("uri_%d", i+1),
			under(there, "/identifierUris/"+url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(uri)))),
			"application_id", app+".id",
			"identifier_uri", expression)
	}
	at = ""
	if d.Service != nil {
		at = "/servicePrincipals/" + d.Service.ID
	}
	t.resource("azuread_service_principal", "service", at,
		"client_id", app+".client_id",
		"app_role_assignment_required", fmt.Sprint(d.require))
	return "azuread_service_principal.service.object_id"
}

// hcl is text in Terraform's language, as terraform fmt formats it.
type hcl struct {
	strings.Builder
	names identifiers
}

// resource writes a resource with arguments, names and expressions in turn, and its import if id is
// not "".
func (t *hcl) resource(kind, name, id string, arguments ...string) {
	if id != "" {
		fmt.Fprintf(t, "\nimport {\n  to = %s.%s\n  id = %s\n}\n", kind, name, forTerraform(id))
	}
	width := 0
	for i := 0; i < len(arguments); i += 2 {
		width = max(width, len(arguments[i]))
	}
	fmt.Fprintf(t, "\nresource %q %q {\n", kind, name)
	for i := 0; i < len(arguments); i += 2 {
		fmt.Fprintf(t, "  %-*s = %s\n", width, arguments[i], arguments[i+1])
	}
	t.WriteString("}\n")
}
