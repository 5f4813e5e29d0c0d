package graph

import (
	"net/http"
	"strings"
)

// Kind is what an answer of Graph means for somebody who grants a role, whatever its status and words.
type Kind int

const (
	Refused          Kind = iota // a mistake that stays one
	AlreadyThere                 // what was to be made is there: a success
	NotReplicated                // what a write before it made is not known everywhere yet; or an id is wrong
	RoleNotThereYet              // the service principal does not have the role of its application yet
	Forbidden                    // whoever is signed in may not do that
	Unauthorized                 // the token is not accepted
	BadIdentifierURI             // the tenant allows no such App ID URI
	NameTaken                    // another object has the unique name, perhaps a deleted one
	Throttled                    // too many requests, still
	Unavailable                  // Graph has a fault of its own
)

// Classify says what an answer other than a success means. Graph's codes are too coarse for it (nearly all is
// Request_BadRequest), so its words count; they are compared without regard to case.
func Classify(status int, code, message string) Kind {
	says := func(words string) bool {
		return strings.Contains(strings.ToLower(message), strings.ToLower(words))
	}
	switch {
	case (status == http.StatusBadRequest || status == http.StatusConflict) &&
		(says("Permission being assigned already exists on the object") || says("EntitlementGrant entry already exists")):
		return AlreadyThere
	case status == http.StatusBadRequest && says("Permission being assigned was not found on application"):
		return RoleNotThereYet
	case status == http.StatusBadRequest && (says("Not a valid reference update") || says("does not reference a valid application object")),
		// In spite of its words, which speak of another tenant.
		status == http.StatusForbidden && says("backing application of the service principal being created must"),
		status == http.StatusNotFound:
		return NotReplicated
	case status == http.StatusBadRequest && (says("Failed to add identifier URI") || strings.EqualFold(code, "HostNameNotOnVerifiedDomain") ||
		says("identifierUris property must use a verified domain")):
		return BadIdentifierURI
	case status == http.StatusBadRequest && says("same value for property uniqueName already exists"):
		return NameTaken
	case status == http.StatusForbidden:
		return Forbidden
	case status == http.StatusUnauthorized:
		return Unauthorized
	case status == http.StatusTooManyRequests:
		return Throttled
	case status >= 500:
		return Unavailable
	}
	return Refused
}

// Permission is what Graph wants a caller to have, in words.
//
// https://learn.microsoft.com/graph/permissions-reference
type Permission string

const (
	ReadApplications  Permission = "Application.Read.All"
	WriteApplications Permission = "Application.ReadWrite.OwnedBy (for applications that the caller owns) or Application.ReadWrite.All"
	WriteAssignments  Permission = "AppRoleAssignment.ReadWrite.All and Application.Read.All"
)

// advice is what to do about an answer, "" where its words must do.
func advice(kind Kind, needs Permission) string {
	switch kind {
	case NotReplicated:
		return "what was just made may not be known everywhere yet; see too that the ids are object ids of service principals, not of an application, and no client ids"
	case RoleNotThereYet:
		return "the service principal may not have its application's new role yet; try again in a minute"
	case Forbidden:
		return "whoever is signed in needs the Graph permission " + string(needs) + ", people the role Cloud Application Administrator"
	case Unauthorized:
		return "sign in again, to the tenant that has the application (az login --tenant …)"
	case BadIdentifierURI:
		return "use api://{appId}, which every tenant allows; others must contain a verified domain of the tenant, its id, or the client id"
	case NameTaken:
		return "a deleted application keeps its name for 30 days: restore or purge it, or take another name"
	case Throttled, Unavailable:
		return "try again in some minutes"
	}
	return ""
}
