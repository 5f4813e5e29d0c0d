package grant

import (
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// State is what exists.
type State struct {
	// Application is nil if it is not registered, or registered in another tenant.
	Application *graph.Application
	// Service is the application's service principal, nil for none.
	Service *graph.ServicePrincipal
	// Identities are the named ones, each once.
	Identities []graph.ServicePrincipal
	// Assignments are the roles of Service that Identities have.
	Assignments []graph.Assignment
	// Unread are identities that were not looked up, by the names that the user gave. Only Emit
	// takes them.
	Unread []string
}

// Roles returns the roles of the application.
func (s State) Roles() []graph.AppRole {
	switch {
	case s.Application != nil:
		return s.Application.AppRoles
	case s.Service != nil:
		return s.Service.AppRoles
	}
	return nil
}

// AppID returns the client id of the application, "" if it does not exist yet.
func (s State) AppID() string {
	switch {
	case s.Application != nil:
		return s.Application.AppID
	case s.Service != nil:
		return s.Service.AppID
	}
	return ""
}

// Name returns the display name of the application.
func (s State) Name() string {
	switch {
	case s.Application != nil:
		return s.Application.DisplayName
	case s.Service != nil:
		return s.Service.DisplayName
	}
	return ""
}

// assignment returns the assignment of a role to an identity, false if there is none.
func (s State) assignment(identity, roleID string) (graph.Assignment, bool) {
	i := slices.IndexFunc(s.Assignments, func(a graph.Assignment) bool {
		return a.PrincipalID == identity && a.AppRoleID == roleID
	})
	if i < 0 {
		return graph.Assignment{}, false
	}
	return s.Assignments[i], true
}

// Resource returns the resource of the application's tokens, "" if it does not exist yet.
func (s State) Resource() string {
	if s.Application != nil && len(s.Application.IdentifierURIs) > 0 {
		return s.Application.IdentifierURIs[0]
	}
	return s.AppID()
}

// Audiences returns the audiences of the application's tokens: the client id in version 2, the
// requested resource in version 1. Nil if unknown.
func (s State) Audiences() []string {
	switch {
	case s.Application == nil:
		return nil
	case s.Application.TokenVersion() == 2 || len(s.Application.IdentifierURIs) == 0:
		return []string{s.Application.AppID}
	}
	return s.Application.IdentifierURIs
}

// expandAppID replaces [OwnID] in an App ID URI.
func expandAppID(uri, appID string) string { return strings.ReplaceAll(uri, OwnID, appID) }
