package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/federate"
)

// federateResult is the result of federate.
type federateResult struct {
	Application applicationResult  `json:"application"`
	Identities  []identityResult   `json:"identities"`
	Credentials []credentialResult `json:"credentials"` // of the identities, in their order
	changeResult
	Federation *federationResult `json:"federation,omitempty"` // nil if it ends

	revoked bool
}

type credentialResult struct {
	Name     string `json:"name"`
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Audience string `json:"audience"`
}

// federationResult is what a program needs to act as the application.
type federationResult struct {
	TenantID string `json:"tenant_id"`
	ClientID string `json:"client_id"`
}

// newFederateResult returns the result before anything is done.
func newFederateResult(w federate.Spec, s federate.State, steps []federate.Step) *federateResult {
	app := s.Application
	r := &federateResult{
		Application: applicationResult{Name: app.DisplayName, ClientID: app.AppID, ObjectID: app.ID, IdentifierURIs: app.IdentifierURIs, TokenVersion: app.TokenVersion()},
		Identities:  identityResults(s.Identities), Credentials: []credentialResult{}, revoked: w.Revoke,
	}
	if s.Service != nil {
		r.Application.ServicePrincipalID = s.Service.ID
	}
	if !w.Revoke {
		r.Federation = &federationResult{s.TenantID, app.AppID}
		for _, identity := range s.Identities {
			f := w.Wanted(s, identity)
			for _, step := range steps {
				if step.Action == federate.Add && step.Identity.ID == identity.ID {
					f.Name = cmp.Or(f.Name, step.Credential.Name)
				}
			}
			r.Credentials = append(r.Credentials, credentialResult{f.Name, f.Issuer, f.Subject, f.Audiences[0]})
		}
	}
	var planned []changeStep
	for _, step := range steps {
		planned = append(planned, changeStep{Action: string(step.Action), Text: step.Text, removes: step.Action == federate.Remove})
	}
	r.changeResult = newChangeResult(planned...)
	return r
}

func (r *federateResult) text() string {
	var b strings.Builder
	b.WriteString(r.summary())
	if r.Federation != nil {
		r.writeUse(&b)
	}
	switch {
	case !r.Changed:
	case r.revoked:
		b.WriteString("\nTokens already issued to the application live on until they expire, for an hour or so.\n")
	default:
		b.WriteString("\nA new credential takes some minutes to work everywhere; until then Entra ID may answer AADSTS70021 or AADSTS700213.\n")
	}
	if r.Application.ServicePrincipalID == "" && !r.revoked {
		fmt.Fprintf(&b, "\n%s has no service principal in the tenant, and so gets no tokens yet (AADSTS7000229); create it: az ad sp create --id %s\n",
			printable(r.Application.Name), r.Application.ClientID)
	}
	return b.String()
}

// writeUse writes what a program must set to act as the application, and what its token must have.
func (r *federateResult) writeUse(b *strings.Builder) {
	for i, identity := range r.Identities {
		f := r.Credentials[i]
		fmt.Fprintf(b, useText, printable(identity.Name), printable(r.Application.Name), printable(f.Name), f.Issuer, f.Subject, printable(f.Audience),
			identity.ClientID, r.Federation.TenantID, r.Federation.ClientID)
	}
}

const useText = `
%[1]s acts as %[2]s by the federated credential %[3]s:

  issuer    %[4]s
  subject   %[5]s
  audience  %[6]s

in a program:

  opts := &aztoken.Options{
      ID:         aztoken.ClientID("%[7]s"),
      Federation: &aztoken.Federation{TenantID: "%[8]s", ClientID: "%[9]s"},
  }

with aztoken token and aztoken agent:

  --client-id %[7]s --app-tenant %[8]s --app-client-id %[9]s
`
