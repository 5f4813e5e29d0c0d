package federate

import (
	"fmt"

	"github.com/seed-ac726066/aztoken/internal/emit"
)

// terraformReplace says what to do if a credential is corrected in place.
const terraformReplace = `
# The credential is wrong and will be corrected in place. If Entra ID still refuses tokens after some minutes, make it
# anew: terraform apply -replace=%s
`

// configuration returns a configuration for the provider azuread.
func (d declaration) configuration() (string, error) {
	t := emit.NewConfiguration(d.title(lets))
	for _, c := range d.credentials {
		const kind = "azuread_application_federated_identity_credential"
		name, id := t.Names.Of(c.Name), c.ID
		switch len(c.wrong) {
		case 0:
		case 1:
			fmt.Fprintf(t, terraformReplace, kind+"."+name)
			id = c.wrong[0].ID
		default:
			return "", d.removeFirst(c.wrong)
		}
		if id != "" {
			id = d.Application.ID + "/federatedIdentityCredential/" + id
		}
		arguments := []string{"application_id", emit.HCL("/applications/" + d.Application.ID), "display_name", emit.HCL(c.Name)}
		if c.Description != "" {
			arguments = append(arguments, "description", emit.HCL(c.Description))
		}
		t.Resource(kind, name, id, append(arguments,
			"issuer", emit.HCL(c.Issuer),
			"subject", emit.HCL(c.Subject),
			"audiences", emit.JSON(c.Audiences))...)
	}
	return t.String(), nil
}
