package federate

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// Emit returns what is wanted in the language of another tool: all of it, including what exists, so
// that it can be kept and used again.
func Emit(form emit.Form, w Spec, s State) (string, error) {
	if err := form.Check(); err != nil {
		return "", err
	}
	steps, err := Plan(w, s)
	if err != nil {
		return "", err
	}
	d := newDeclaration(w, s, steps)
	switch {
	case form == emit.AzureCLI:
		return d.script(w.Cloud.Host), nil
	case w.Revoke:
		return "", fmt.Errorf("aztoken: in %s a federated credential is removed by removing its resource; use --emit az, or omit --emit", form)
	case form == emit.Terraform:
		return d.configuration()
	}
	if err := emit.CheckTemplate(w.Cloud.Host); err != nil {
		return "", err
	}
	return d.template()
}

// declaration is what must exist in the end, and what must not.
type declaration struct {
	State
	credentials []declared
	remove      []graph.FederatedCredential // all that must not exist
}

// declared is the credential of an identity.
type declared struct {
	graph.FederatedCredential
	identity graph.ServicePrincipal
	wrong    []graph.FederatedCredential // those that it replaces
}

func newDeclaration(w Spec, s State, steps []Step) declaration {
	d := declaration{State: s}
	for _, step := range steps {
		if step.Action == Remove {
			d.remove = append(d.remove, step.Credential)
		}
	}
	if w.Revoke {
		return d
	}
	for _, identity := range s.Identities {
		want := declared{FederatedCredential: w.Wanted(s, identity), identity: identity}
		for _, step := range steps {
			switch {
			case step.Identity.ID != identity.ID:
			case step.Action == Add:
				want.Name = step.Credential.Name
			default:
				want.wrong = append(want.wrong, step.Credential)
			}
		}
		d.credentials = append(d.credentials, want)
	}
	return d
}

// title describes it on one line.
func (d declaration) title(format string) string {
	var all []string
	for _, p := range d.Identities {
		all = append(all, p.DisplayName)
	}
	return fmt.Sprintf(format, strings.Join(all, ", "), d.Application.DisplayName)
}

const lets = "Lets %s act as %s."

// removeFirst returns the error of credentials that no declaration can replace.
func (d declaration) removeFirst(wrong []graph.FederatedCredential) error {
	return fmt.Errorf("aztoken: %s has credentials that do not work and must be removed first: %s; use --emit az, or run aztoken federate without --emit first",
		d.Application.DisplayName, names(wrong))
}
