package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/seed-ac726066/aztoken/internal/grant"
)

// grantResult is the result of grant.
type grantResult struct {
	Application applicationResult `json:"application"`
	Identities  []identityResult  `json:"identities"`
	Roles       []string          `json:"roles"`
	changeResult
	Resource  string   `json:"resource,omitempty"`
	Audiences []string `json:"audiences,omitempty"`

	revoked, open bool
}

// newGrantResult returns the result before anything is done.
func newGrantResult(w grant.Spec, s grant.State, steps []grant.Step) *grantResult {
	r := &grantResult{
		Application: grantedApplication(s), Identities: identityResults(s.Identities), Roles: []string{},
		Resource: s.Resource(), Audiences: s.Audiences(), revoked: w.Revoke,
		open: s.Application != nil && s.Service != nil && !s.Service.AppRoleAssignmentRequired,
	}
	if r.Application.Name == "" {
		r.Application.Name = w.App
	}
	for _, role := range w.Roles {
		r.Roles = append(r.Roles, role.Value)
	}
	var planned []changeStep
	for _, step := range steps {
		planned = append(planned, changeStep{Action: string(step.Action), Text: step.Text, removes: step.Action == grant.Unassign})
	}
	r.changeResult = newChangeResult(planned...)
	return r
}

func grantedApplication(s grant.State) applicationResult {
	r := applicationResult{Name: s.Name(), ClientID: s.AppID()}
	if a := s.Application; a != nil {
		r.ObjectID, r.IdentifierURIs, r.TokenVersion = a.ID, a.IdentifierURIs, a.TokenVersion()
	}
	if p := s.Service; p != nil {
		r.ServicePrincipalID = p.ID
	}
	return r
}

func (r *grantResult) text() string {
	var b strings.Builder
	b.WriteString(r.summary())
	if !r.revoked {
		r.writeUse(&b)
	}
	if r.Changed {
		b.WriteString("\nTokens already issued keep their old roles for up to 24 h; you cannot force a new one.\n")
	}
	if r.open && !r.revoked {
		b.WriteString("\nIdentities without a role can get tokens for this application too; --require-assignment prevents that.\n")
	}
	return b.String()
}

// writeUse writes the values for callers and for the service.
func (r *grantResult) writeUse(b *strings.Builder) {
	if r.Resource == "" {
		return
	}
	b.WriteString("\n")
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "resource\t%s\tfor callers: the argument of Token and Wrap\n", printable(r.Resource))
	if len(r.Audiences) > 0 {
		_, _ = fmt.Fprintf(table, "audience\t%s\tfor the service: Audiences of verify.Options\n", printable(strings.Join(r.Audiences, ", ")))
	}
	if len(r.Roles) > 0 {
		_, _ = fmt.Fprintf(table, "roles\t%s\tfor the service: the argument of verify.Role\n", printable(strings.Join(r.Roles, ", ")))
	}
	_ = table.Flush()
}
