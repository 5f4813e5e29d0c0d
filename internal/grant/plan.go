package grant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// Action is what a step does, for programs.
type Action string

// The actions, in their order.
const (
	Register          Action = "register_application"
	AddRoles          Action = "add_roles"
	AddURIs           Action = "add_identifier_uris"
	SetTokenVersion   Action = "set_token_version"
	MakeService       Action = "create_service_principal"
	RequireAssignment Action = "require_assignment"
	Assign            Action = "assign_role"
	Unassign          Action = "revoke_role"
)

// Step is one change, a write to Graph. Which of its fields are set depends on the Action.
type Step struct {
	Action Action
	// Text describes it in the imperative, for people.
	Text string

	Name, DisplayName string
	Version           int
	Roles             []Role
	URIs              []string
	Role              string // its value
	Identity          graph.ServicePrincipal
	Assignment        string // its id
}

// Plan returns the steps from s to what w asks for, none if s is that already. Its errors are
// requests that cannot be fulfilled.
func Plan(w Spec, s State) ([]Step, error) {
	if w.Revoke {
		return revocation(w, s)
	}
	var steps []Step
	if s.Application == nil && s.Service == nil {
		steps = append(steps, Step{
			Action: Register, Name: w.App, DisplayName: w.name(), Version: w.tokenVersion(),
			Text: fmt.Sprintf("register the application %s for this tenant, with tokens of version %d", w.name(), w.tokenVersion()),
		})
	}
	for _, more := range []func(Spec, State) ([]Step, error){addRoles, addURIs, setTokenVersion, makeService, assign} {
		some, err := more(w, s)
		if err != nil {
			return nil, err
		}
		steps = append(steps, some...)
	}
	return steps, nil
}

// foreign reports whether the application is registered in another tenant. Only that tenant can
// change it.
func (s State) foreign() bool { return s.Application == nil && s.Service != nil }

func addRoles(w Spec, s State) ([]Step, error) {
	var missing []Role
	for _, r := range w.allRoles() {
		have, there := graph.Role(s.Roles(), r.Value)
		switch {
		case there && !have.IsEnabled:
			return nil, fmt.Errorf("aztoken: the role %s of %s is disabled; enable it in the application's manifest, or use another", r.Value, s.Name())
		case there:
			continue
		case s.foreign():
			return nil, fmt.Errorf("aztoken: %s has no role %s, and is registered in another tenant; use one of: %s", s.Name(), r.Value, values(s.Roles()))
		case r.ID != "" && slices.ContainsFunc(s.Roles(), func(a graph.AppRole) bool { return a.ID == r.ID }):
			return nil, fmt.Errorf("aztoken: the id of the role %s belongs to another role of %s; remove the id from the manifest", r.Value, s.Name())
		}
		missing = append(missing, r)
	}
	if len(missing) == 0 {
		return nil, nil
	}
	var names []string
	for _, r := range missing {
		names = append(names, r.Value)
	}
	return []Step{{Action: AddRoles, Roles: missing, Text: "add the " + plural(len(names), "role ", "roles ") + strings.Join(names, ", ")}}, nil
}

func addURIs(w Spec, s State) ([]Step, error) {
	if s.foreign() {
		return nil, nil
	}
	var have []string
	if s.Application != nil {
		have = s.Application.IdentifierURIs
	}
	wanted := w.URIs
	if len(wanted) == 0 && len(have) == 0 {
		wanted = []string{"api://" + OwnID}
	}
	var missing, shown []string
	for _, uri := range wanted {
		if !slices.Contains(have, expandAppID(uri, s.AppID())) && !slices.Contains(missing, uri) {
			missing = append(missing, uri)
			shown = append(shown, expandAppID(uri, cmp.Or(s.AppID(), "<client id>")))
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	return []Step{{Action: AddURIs, URIs: missing, Text: "add the App ID " + plural(len(shown), "URI ", "URIs ") + strings.Join(shown, ", ")}}, nil
}

func setTokenVersion(w Spec, s State) ([]Step, error) {
	if w.TokenVersion == 0 || s.Application == nil || s.Application.TokenVersion() == w.TokenVersion {
		return nil, nil
	}
	return []Step{{Action: SetTokenVersion, Version: w.TokenVersion, Text: fmt.Sprintf("set its token version to %d", w.TokenVersion)}}, nil
}

func makeService(w Spec, s State) ([]Step, error) {
	switch {
	case s.Service == nil:
		return []Step{{Action: MakeService, Text: "create its service principal, and require an assignment"}}, nil
	case w.RequireAssignment && !s.Service.AppRoleAssignmentRequired:
		return []Step{{Action: RequireAssignment, Text: "require an assignment: identities without a role get no tokens for it"}}, nil
	}
	return nil, nil
}

func assign(w Spec, s State) ([]Step, error) {
	var steps []Step
	for _, identity := range s.Identities {
		for _, r := range w.Roles {
			have, there := graph.Role(s.Roles(), r.Value)
			members := have.AllowedMemberTypes
			if !there {
				members = r.appRole("").AllowedMemberTypes
			}
			if !slices.Contains(members, "Application") {
				return nil, fmt.Errorf("aztoken: the role %s is for %s; add Application to its allowedMemberTypes, or use another", r.Value, strings.Join(members, ", "))
			}
			if _, assigned := s.assignment(identity.ID, have.ID); there && assigned {
				continue
			}
			steps = append(steps, Step{Action: Assign, Role: r.Value, Identity: identity, Text: "assign " + r.Value + " to " + named(identity)})
		}
	}
	return steps, nil
}

func revocation(w Spec, s State) ([]Step, error) {
	var steps []Step
	for _, identity := range s.Identities {
		for _, r := range w.Roles {
			have, there := graph.Role(s.Roles(), r.Value)
			if !there {
				return nil, fmt.Errorf("aztoken: %s has no role %s; use one of: %s", s.Name(), r.Value, values(s.Roles()))
			}
			if a, assigned := s.assignment(identity.ID, have.ID); assigned {
				steps = append(steps, Step{
					Action: Unassign, Role: r.Value, Identity: identity, Assignment: a.ID, Text: "revoke " + r.Value + " from " + named(identity),
				})
			}
		}
	}
	return steps, nil
}

// named returns the name and object id of an identity, for people.
func named(p graph.ServicePrincipal) string { return p.DisplayName + " (" + p.ID + ")" }

// values returns the values of roles, for people.
func values(roles []graph.AppRole) string {
	var all []string
	for _, r := range roles {
		if r.Value != "" {
			all = append(all, r.Value)
		}
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}

func plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
