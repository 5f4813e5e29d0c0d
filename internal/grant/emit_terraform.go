package grant

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
)

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
	t := emit.NewConfiguration(d.title(grants))
	service := `"` + d.foreignID() + `"`
	roleIDs := map[string]string{}
	for _, r := range d.roles {
		roleIDs[r.Value] = emit.HCL(r.ID)
	}
	if !d.foreign() {
		service = d.terraformApplication(t, roleIDs)
	}
	variables := map[string]string{}
	for _, i := range d.identities() {
		if i.unread != "" {
			name := t.Names.Of(i.DisplayName + " object id")
			variables[i.unread] = "var." + name
			fmt.Fprintf(t, "\nvariable %q {\n  type        = string\n  description = %s\n}\n", name, emit.HCL(objectIDOf+i.unread))
		}
	}
	for _, g := range d.grants {
		id := emit.HCL(g.identity.ID)
		if g.identity.unread != "" {
			id = variables[g.identity.unread]
		}
		if g.id != "" {
			g.id = "/servicePrincipals/" + d.Service.ID + "/appRoleAssignedTo/" + g.id
		}
		t.Resource("azuread_app_role_assignment", t.Names.Of(g.identity.DisplayName+" "+g.role.Value), g.id,
			"principal_object_id", id,
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
func (d declaration) terraformApplication(t *emit.Configuration, roleIDs map[string]string) string {
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
	t.Resource("azuread_application_registration", "service", at,
		"display_name", emit.HCL(d.displayName),
		"sign_in_audience", emit.HCL(d.audience),
		"requested_access_token_version", fmt.Sprint(d.version))
	if d.Application == nil {
		fmt.Fprintf(t, terraformIDType, app)
	}
	for _, r := range d.roles {
		id := emit.HCL(r.ID)
		if d.Application == nil {
			// The id that aztoken grant would use, once the client id is known.
			id = fmt.Sprintf("uuidv5(%s.client_id, %s)", app, emit.HCL(r.Value))
		}
		name := t.Names.Of(r.Value)
		members := emit.JSON(r.AllowedMemberTypes)
		t.Resource("azuread_application_app_role", name, under(r.there, "/appRoles/"+r.ID),
			"application_id", app+".id",
			"role_id", id,
			"value", emit.HCL(r.Value),
			"display_name", emit.HCL(r.DisplayName),
			"description", emit.HCL(r.Description),
			"allowed_member_types", strings.ReplaceAll(members, ",", ", "))
		roleIDs[r.Value] = "azuread_application_app_role." + name + ".role_id"
	}
	for i, uri := range d.uris {
		there := d.Application != nil && i < len(d.Application.IdentifierURIs)
		expression := strings.ReplaceAll(emit.HCL(uri), OwnID, "${"+app+".client_id}")
		t.Resource("azuread_application_identifier_uri", fmt.Sprintf("uri_%d", i+1),
			under(there, "/identifierUris/"+url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(uri)))),
			"application_id", app+".id",
			"identifier_uri", expression)
	}
	at = ""
	if d.Service != nil {
		at = "/servicePrincipals/" + d.Service.ID
	}
	t.Resource("azuread_service_principal", "service", at,
		"client_id", app+".client_id",
		"app_role_assignment_required", fmt.Sprint(d.require))
	return "azuread_service_principal.service.object_id"
}
