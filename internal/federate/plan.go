package federate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// Action is what a step does, for programs.
type Action string

// The actions. A wrong credential is removed and created again: Entra may keep using the old values
// of one that was corrected in place.
const (
	Remove Action = "remove_federated_credential"
	Add    Action = "add_federated_credential"
)

// Step is one change, a write to Graph.
type Step struct {
	Action Action
	// Text describes it in the imperative, for people.
	Text string

	Credential graph.FederatedCredential
	Identity   graph.ServicePrincipal
}

// Plan returns the steps from s to what w asks for, none if s is that already. Its errors are
// requests that cannot be fulfilled.
func Plan(w Spec, s State) ([]Step, error) {
	p := planner{w: w, s: s}
	for _, identity := range s.Identities {
		if err := p.plan(identity); err != nil {
			return nil, err
		}
	}
	if left := p.left(); len(left) > max(graph.MaxFederatedCredentials, len(s.Credentials)) {
		return nil, fmt.Errorf("aztoken: %s would have %d federated credentials, and can have %d; remove one of these, or use another application: %s",
			s.Application.DisplayName, len(left), graph.MaxFederatedCredentials, names(s.Credentials))
	}
	return p.steps, nil
}

// planner collects steps.
type planner struct {
	w     Spec
	s     State
	steps []Step
}

func (p *planner) plan(identity graph.ServicePrincipal) error {
	want := p.w.Wanted(p.s, identity)
	if !p.w.Revoke && want.ID != "" {
		return nil // it is there
	}
	var mine []graph.FederatedCredential
	for _, f := range p.s.Credentials {
		if isFor(f, identity, p.s.TenantID) {
			mine = append(mine, f)
		}
	}
	for _, f := range mine {
		text := "remove the federated credential " + f.Name
		if p.w.Revoke {
			text += " of " + named(identity)
		} else {
			text += ": " + difference(f, want)
		}
		p.steps = append(p.steps, Step{Action: Remove, Text: text, Credential: f, Identity: identity})
	}
	if p.w.Revoke {
		return nil
	}
	var err error
	if want.Name, err = p.name(identity, mine); err != nil {
		return err
	}
	p.steps = append(p.steps, Step{
		Action: Add, Credential: want, Identity: identity,
		Text: "add the federated credential " + want.Name + " for " + named(identity),
	})
	return nil
}

// name returns the name of the new credential of an identity, whose wrong ones are removed.
func (p *planner) name(identity graph.ServicePrincipal, wrong []graph.FederatedCredential) (string, error) {
	switch {
	case p.w.Name != "":
		if other, taken := find(p.left(), p.w.Name); taken {
			return "", fmt.Errorf("aztoken: the federated credential %s of %s is for the subject %s of %s; use another --name", other.Name, p.s.Application.DisplayName, other.Subject, other.Issuer)
		}
		return p.w.Name, nil
	case len(wrong) > 0:
		return wrong[0].Name, nil
	}
	return nameFor(identity, func(name string) bool { _, taken := find(p.left(), name); return taken }), nil
}

// left returns the credentials after the steps so far.
func (p *planner) left() []graph.FederatedCredential {
	all := slices.Clone(p.s.Credentials)
	for _, step := range p.steps {
		switch step.Action {
		case Remove:
			all = slices.DeleteFunc(all, func(f graph.FederatedCredential) bool { return f.ID == step.Credential.ID })
		case Add:
			all = append(all, step.Credential)
		}
	}
	return all
}

// find returns the credential with a name, false if there is none.
func find(all []graph.FederatedCredential, name string) (graph.FederatedCredential, bool) {
	i := slices.IndexFunc(all, func(f graph.FederatedCredential) bool { return strings.EqualFold(f.Name, name) })
	if i < 0 {
		return graph.FederatedCredential{}, false
	}
	return all[i], true
}

// names returns the names of credentials, for people.
func names(all []graph.FederatedCredential) string {
	var names []string
	for _, f := range all {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}
