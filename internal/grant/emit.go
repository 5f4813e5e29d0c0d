package grant

import (
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// Emit returns what is wanted in the language of another tool: all of it, including what exists, so
// that it can be kept and used again. host is Graph's.
func Emit(form emit.Form, w Spec, s State, host string) (string, error) {
	if err := form.Check(); err != nil {
		return "", err
	}
	if _, err := Plan(w, s); err != nil {
		return "", err
	}
	d := newDeclaration(w, s)
	switch {
	case w.Revoke && form != emit.AzureCLI:
		return "", fmt.Errorf("aztoken: in %s a role is revoked by removing its assignment; use --emit az, or omit --emit", form)
	case w.Revoke:
		return d.azRevocation(host), nil
	case form == emit.AzureCLI:
		return d.az(host), nil
	case form == emit.Terraform:
		return d.terraform(), nil
	}
	if err := emit.CheckTemplate(host); err != nil {
		return "", err
	}
	return d.bicep()
}

const grants = "Grants %s of %s to %s."

// declaration is what must exist in the end.
type declaration struct {
	State
	name, displayName string
	version           int
	audience          string
	roles             []declaredRole // those wanted
	others            []graph.AppRole
	uris              []string
	require           bool
	grants            []granted
}

type declaredRole struct {
	graph.AppRole
	there   bool
	granted bool // to one of the identities
}

// granted is one assignment.
type granted struct {
	role     declaredRole
	identity declaredIdentity
	id       string // of the assignment, "" if it does not exist
}

func newDeclaration(w Spec, s State) declaration {
	d := declaration{State: s, name: w.App, displayName: w.name(), version: w.tokenVersion(), audience: "AzureADMyOrg", require: true}
	namespace := s.AppID()
	if namespace == "" {
		// The client id is not known yet, so the ids of roles are derived from the name.
		// This UUID is the namespace of URLs.
		namespace = graph.RoleID("6ba7b811-9dad-11d1-80b4-00c04fd430c8", "urn:aztoken:"+w.App)
	}
	if a := s.Application; a != nil {
		d.name, d.displayName, d.audience = a.UniqueName, a.DisplayName, a.SignInAudience
		if w.TokenVersion == 0 {
			d.version = a.TokenVersion()
		}
		d.uris = append(d.uris, a.IdentifierURIs...)
	}
	if s.Service != nil {
		d.require = s.Service.AppRoleAssignmentRequired || w.RequireAssignment
	}
	if steps, _ := addURIs(w, s); len(steps) > 0 {
		for _, uri := range steps[0].URIs {
			if s.Application != nil {
				uri = expandAppID(uri, s.Application.AppID)
			}
			d.uris = append(d.uris, uri)
		}
	}
	for _, r := range w.allRoles() {
		role := declaredRole{AppRole: r.appRole(namespace)}
		if have, there := graph.Role(s.Roles(), r.Value); there {
			role = declaredRole{AppRole: have, there: true}
		}
		for _, g := range w.Roles {
			role.granted = role.granted || g.Value == r.Value
		}
		d.roles = append(d.roles, role)
	}
	for _, have := range s.Roles() {
		if _, wanted := d.role(have.Value); !wanted || have.Value == "" {
			d.others = append(d.others, have)
		}
	}
	for _, identity := range s.identities() {
		for _, r := range w.Roles {
			role, _ := d.role(r.Value)
			a, _ := s.assignment(identity.ID, role.ID)
			d.grants = append(d.grants, granted{role, identity, a.ID})
		}
	}
	return d
}

func (d declaration) role(value string) (declaredRole, bool) {
	for _, r := range d.roles {
		if r.Value == value {
			return r, true
		}
	}
	return declaredRole{}, false
}

// title describes it on one line; verb is grants or its opposite.
func (d declaration) title(verb string) string {
	roles := []string{}
	for _, r := range d.roles {
		if r.granted {
			roles = append(roles, r.Value)
		}
	}
	identities := d.identities()
	if len(identities) == 0 || len(roles) == 0 {
		return "Registers " + emit.Comment(d.displayNameOrService()) + " with its roles."
	}
	names := []string{}
	for _, p := range identities {
		names = append(names, p.DisplayName)
	}
	return emit.Comment(fmt.Sprintf(verb, strings.Join(roles, ", "), d.displayNameOrService(), strings.Join(names, ", ")))
}

func (d declaration) displayNameOrService() string {
	switch {
	case d.foreign():
		return d.Service.DisplayName
	case len(d.Unread) > 0:
		return "the new application " + d.displayName
	}
	return d.displayName
}
