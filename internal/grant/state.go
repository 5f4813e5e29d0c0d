package grant

import (
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// State is what is there.
type State struct {
	// Application is nil where it is not registered, or registered in another tenant.
	Application *graph.Application
	// Service is the application's service principal, nil where there is none.
	Service *graph.ServicePrincipal
	// Identities are those that were named, each once.
	Identities []graph.ServicePrincipal
	// Assignments are the roles of the Service that the Identities have.
	Assignments []graph.Assignment
}

// Roles are those of the application.
func (s State) Roles() []graph.AppRole {
	switch {
	case s.Application != nil:
		return s.Application.AppRoles
	case s.Service != nil:
		return s.Service.AppRoles
	}
	return nil
}

// AppID is the client id of the application, "" where it is not there yet.
func (s State) AppID() string {
	switch {
	case s.Application != nil:
		return s.Application.AppID
	case s.Service != nil:
		return s.Service.AppID
	}
	return ""
}

// Name is what people call the application.
func (s State) Name() string {
	switch {
	case s.Application != nil:
		return s.Application.DisplayName
	case s.Service != nil:
		return s.Service.DisplayName
	}
	return ""
}

// assignment is that of a role to an identity.
func (s State) assignment(identity, roleID string) (graph.Assignment, bool) {
	i := slices.IndexFunc(s.Assignments, func(a graph.Assignment) bool {
		return a.PrincipalID == identity && a.AppRoleID == roleID
	})
	if i < 0 {
		return graph.Assignment{}, false
	}
	return s.Assignments[i], true
}

// Resource is what to ask tokens of the application for; "" where it is not there yet.
func (s State) Resource() string {
	if s.Application != nil && len(s.Application.IdentifierURIs) > 0 {
		return s.Application.IdentifierURIs[0]
	}
	return s.AppID()
}

// Audiences are what the application's tokens have as their audience: of version 2 the client id, of version 1 what was asked
// for. Nil where it is not known.
func (s State) Audiences() []string {
	switch {
	case s.Application == nil:
		return nil
	case s.Application.TokenVersion() == 2 || len(s.Application.IdentifierURIs) == 0:
		return []string{s.Application.AppID}
	}
	return s.Application.IdentifierURIs
}

// own puts the client id into an App ID URI.
func own(uri, appID string) string { return strings.ReplaceAll(uri, OwnID, appID) }
