package main

import (
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// changeResult is the part of a result that all changes have.
type changeResult struct {
	Steps    []changeStep `json:"steps"`
	Changed  bool         `json:"changed"`
	Complete bool         `json:"complete"` // everything is as requested, and confirmed
	DryRun   bool         `json:"dry_run"`
}

type changeStep struct {
	Action string `json:"action"`
	Text   string `json:"text"`
	Done   bool   `json:"done"`

	removes bool
}

// newChangeResult returns the result before anything is done.
func newChangeResult(steps ...changeStep) changeResult {
	return changeResult{Steps: append([]changeStep{}, steps...), Complete: len(steps) == 0}
}

func (r *changeResult) outcome() *changeResult { return r }

// apply marks the steps that were done.
func (r *changeResult) apply(done map[string]bool, complete bool) {
	for i, step := range r.Steps {
		r.Steps[i].Done = done[step.Text]
		r.Changed = r.Changed || done[step.Text]
	}
	r.Complete = complete
}

// plan returns what is about to be done.
func (r *changeResult) plan() string {
	var b strings.Builder
	b.WriteString("plan:\n")
	for _, step := range r.Steps {
		mark := "+"
		if step.removes {
			mark = "-"
		}
		b.WriteString("  " + mark + " " + printable(step.Text) + "\n")
	}
	return b.String()
}

// summary returns what was done, or is about to be.
func (r *changeResult) summary() string {
	switch {
	case r.DryRun && len(r.Steps) > 0:
		return r.plan() + "nothing was changed (--dry-run)\n"
	case r.Changed:
		return "done\n"
	}
	return "nothing to do: everything is set up\n"
}

type applicationResult struct {
	Name               string   `json:"name"`
	ClientID           string   `json:"client_id,omitempty"`
	ObjectID           string   `json:"object_id,omitempty"`
	ServicePrincipalID string   `json:"service_principal_id,omitempty"`
	IdentifierURIs     []string `json:"identifier_uris,omitempty"`
	TokenVersion       int      `json:"token_version,omitempty"`
}

type identityResult struct {
	Name       string `json:"name"`
	ObjectID   string `json:"object_id"`
	ClientID   string `json:"client_id"`
	ResourceID string `json:"resource_id,omitempty"`
}

// identityResults never returns nil: JSON has [] then.
func identityResults(identities []graph.ServicePrincipal) []identityResult {
	all := []identityResult{}
	for _, p := range identities {
		all = append(all, identityResult{p.DisplayName, p.ID, p.AppID, p.ResourceID()})
	}
	return all
}
