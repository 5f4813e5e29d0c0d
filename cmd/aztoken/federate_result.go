package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/federate"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// federateResult is the result of federate.
type federateResult struct {
	Application applicationResult  `json:"application"`
	Identities  []identityResult   `json:"identities"`
	Credentials []credentialResult `json:"credentials"` // of the identities, in their order
	changeResult
	Federation *federationResult `json:"federation,omitempty"` // nil if it ends

	revoked     bool
	ownAudience bool // it is not the cloud's, which a program uses by default
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
	// AuthorityHost is the login host of a national cloud, "" for the public one.
	AuthorityHost string `json:"authority_host,omitempty"`
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
		r.Federation = &federationResult{TenantID: s.TenantID, ClientID: app.AppID}
		r.ownAudience = w.Audience != "" && w.Audience != w.Cloud.Audience()
		if login := w.Cloud.Login.ActiveDirectoryAuthorityHost; login != graph.Public().Login.ActiveDirectoryAuthorityHost {
			r.Federation.AuthorityHost = login
		}
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
	if r.revoked && len(r.Steps) == 0 {
		b.WriteString("nothing to do: there is no such credential\n")
	} else {
		b.WriteString(r.summary())
	}
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
	where := ""
	if r.Federation.AuthorityHost != "" {
		where = ", with AZURE_AUTHORITY_HOST=" + r.Federation.AuthorityHost
	}
	use := useText
	if r.ownAudience {
		use = useOwnAudienceText
	}
	for i, identity := range r.Identities {
		f := r.Credentials[i]
		fmt.Fprintf(b, credentialText, printable(identity.Name), printable(r.Application.Name), printable(f.Name), f.Issuer, f.Subject, printable(f.Audience))
		fmt.Fprintf(b, use, identity.ClientID, r.Federation.TenantID, r.Federation.ClientID, where, printable(f.Audience))
	}
}

const credentialText = `
%s acts as %s by the federated credential %s:

  issuer    %s
  subject   %s
  audience  %s
`

const useText = `
in a program%[4]s:

  opts := &aztoken.Options{
      ID:         aztoken.ClientID("%[1]s"),
      Federation: &aztoken.Federation{TenantID: "%[2]s", ClientID: "%[3]s"},
  }

with aztoken token and aztoken agent%[4]s:

  --client-id %[1]s --app-tenant %[2]s --app-client-id %[3]s
`

// useOwnAudienceText is for a custom audience, which a program has to request itself.
const useOwnAudienceText = `
in a program%[4]s, where identity is a client with ID: aztoken.ClientID("%[1]s"):

  opts := &aztoken.Options{Federation: &aztoken.Federation{
      TenantID: "%[2]s", ClientID: "%[3]s",
      Assertion: identity.TokenFunc("%[5]s"),
  }}
`
