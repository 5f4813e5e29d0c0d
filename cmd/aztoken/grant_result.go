package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/seed-ac726066/aztoken/internal/grant"
)

// grantResult is the result of grant.
type grantResult struct {
	Application grantApplication `json:"application"`
	Identities  []grantIdentity  `json:"identities"`
	Roles       []string         `json:"roles"`
	Steps       []grantStep      `json:"steps"`
	Changed     bool             `json:"changed"`
	Complete    bool             `json:"complete"` // everything is as requested, and confirmed
	DryRun      bool             `json:"dry_run"`
	Resource    string           `json:"resource,omitempty"`
	Audiences   []string         `json:"audiences,omitempty"`

	revoked, open bool
}

type grantApplication struct {
	Name               string   `json:"name"`
	ClientID           string   `json:"client_id,omitempty"`
	ObjectID           string   `json:"object_id,omitempty"`
	ServicePrincipalID string   `json:"service_principal_id,omitempty"`
	IdentifierURIs     []string `json:"identifier_uris,omitempty"`
	TokenVersion       int      `json:"token_version,omitempty"`
}

type grantIdentity struct {
	Name       string `json:"name"`
	ObjectID   string `json:"object_id"`
	ClientID   string `json:"client_id"`
	ResourceID string `json:"resource_id,omitempty"`
}

type grantStep struct {
	Action string `json:"action"`
	Text   string `json:"text"`
	Done   bool   `json:"done"`
}

// newGrantResult returns the result before anything is done.
func newGrantResult(w grant.Spec, s grant.State, steps []grant.Step) grantResult {
	r := grantResult{
		Application: grantApplication{Name: s.Name(), ClientID: s.AppID()},
		Identities:  []grantIdentity{}, Roles: []string{}, Steps: []grantStep{},
		Complete: len(steps) == 0, Resource: s.Resource(), Audiences: s.Audiences(), revoked: w.Revoke,
	}
	if r.Application.Name == "" {
		r.Application.Name = w.App
	}
	if a := s.Application; a != nil {
		r.Application.ObjectID, r.Application.IdentifierURIs, r.Application.TokenVersion = a.ID, a.IdentifierURIs, a.TokenVersion()
	}
	if p := s.Service; p != nil {
		r.Application.ServicePrincipalID = p.ID
		r.open = s.Application != nil && !p.AppRoleAssignmentRequired
	}
	for _, p := range s.Identities {
		r.Identities = append(r.Identities, grantIdentity{p.DisplayName, p.ID, p.AppID, p.ResourceID()})
	}
	for _, role := range w.Roles {
		r.Roles = append(r.Roles, role.Value)
	}
	for _, step := range steps {
		r.Steps = append(r.Steps, grantStep{Action: string(step.Action), Text: step.Text})
	}
	return r
}

// apply marks the steps that were done.
func (r *grantResult) apply(done map[string]bool, complete bool) {
	for i, step := range r.Steps {
		r.Steps[i].Done = done[step.Text]
		r.Changed = r.Changed || done[step.Text]
	}
	r.Complete = complete
}

// plan returns what is about to be done.
func (r grantResult) plan() string {
	var b strings.Builder
	b.WriteString("plan:\n")
	for _, step := range r.Steps {
		mark := "+"
		if step.Action == string(grant.Unassign) {
			mark = "-"
		}
		b.WriteString("  " + mark + " " + printable(step.Text) + "\n")
	}
	return b.String()
}

func (r grantResult) text() string {
	var b strings.Builder
	switch {
	case r.DryRun && len(r.Steps) > 0:
		b.WriteString(r.plan())
		b.WriteString("nothing was changed (--dry-run)\n")
	case r.Changed:
		b.WriteString("done\n")
	default:
		b.WriteString("nothing to do: everything is set up\n")
	}
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
func (r grantResult) writeUse(b *strings.Builder) {
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
