package graph

import (
	"fmt"
	"net/http"
	"strings"
)

// Kind is what an answer of Graph means for a change, independent of its status and text.
type Kind int

const (
	Refused      Kind = iota // a permanent error
	AlreadyThere             // the object exists: a success
	// NotReplicated: an earlier write is not visible everywhere yet, or an id is wrong.
	NotReplicated
	RoleNotThereYet // the service principal does not have its application's role yet
	Conflict        // another write is under way
	// CredentialExists: a federated credential has this name, or this issuer and subject.
	CredentialExists
	TooManyCredentials // the application has all the federated credentials it can have
	ForbiddenByPolicy  // a policy of the tenant does not allow the value
	Forbidden          // the signed-in account lacks a permission
	Unauthorized       // the token is not accepted
	BadIdentifierURI   // the tenant does not allow this App ID URI
	NameTaken          // another object, perhaps a deleted one, has the unique name
	Throttled          // still too many requests after the retries
	Unavailable        // Graph is down
)

// Classify returns what an answer other than success means. Graph's codes are too coarse for this
// (nearly all are Request_BadRequest), so Classify compares the text, ignoring case.
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
		// Its text is misleading: it is about another tenant.
		status == http.StatusForbidden && says("backing application of the service principal being created must"),
		status == http.StatusNotFound:
		return NotReplicated
	case status == http.StatusBadRequest && (says("Failed to add identifier URI") || strings.EqualFold(code, "HostNameNotOnVerifiedDomain") ||
		says("identifierUris property must use a verified domain")):
		return BadIdentifierURI
	case status == http.StatusBadRequest && says("same value for property uniqueName already exists"):
		return NameTaken
	case status == http.StatusConflict && (says("concurrent") || strings.Contains(strings.ToLower(code), "concurren")):
		return Conflict
	case status == http.StatusConflict && says("FederatedIdentityCredential with name"),
		status == http.StatusBadRequest && says("combination of issuer and subject must be unique"):
		return CredentialExists
	case status == http.StatusBadRequest && says("too many federated identity credentials"):
		return TooManyCredentials
	case (status == http.StatusBadRequest || status == http.StatusForbidden) && says("not allowed as per assigned policy"):
		return ForbiddenByPolicy
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

// Permission is what Graph requires of a caller, in words.
//
// https://learn.microsoft.com/graph/permissions-reference
type Permission string

const (
	ReadApplications  Permission = "Application.Read.All"
	WriteApplications Permission = "Application.ReadWrite.OwnedBy (for applications that the caller owns) or Application.ReadWrite.All"
	WriteAssignments  Permission = "AppRoleAssignment.ReadWrite.All and Application.Read.All"
)

// advice returns what to do about an answer, "" if nothing is known beyond its words.
func advice(kind Kind, needs Permission) string {
	switch kind {
	case NotReplicated:
		return "new objects may not be visible everywhere yet; also check that the ids are object ids of service principals, not of applications, and not client ids"
	case RoleNotThereYet:
		return "the service principal may not have its application's new role yet; try again in a minute"
	case Conflict:
		return "something else is writing to the directory; try again in a minute"
	case CredentialExists:
		return "run the command again, which reads what is there now"
	case TooManyCredentials:
		return fmt.Sprintf("an application can have %d federated credentials: remove one, or use another application", MaxFederatedCredentials)
	case ForbiddenByPolicy:
		return "ask an administrator of the tenant to allow it (app management policies)"
	case Forbidden:
		return "the signed-in account needs the Graph permission " + string(needs) + ", or as a user the role Cloud Application Administrator"
	case Unauthorized:
		return "sign in again, to the tenant of the application (az login --tenant …)"
	case BadIdentifierURI:
		return "use api://{appId}, which every tenant allows; others must contain a verified domain of the tenant, its id, or the client id"
	case NameTaken:
		return "a deleted application keeps its name for 30 days: restore or purge it, or use another name"
	case Throttled, Unavailable:
		return "try again in some minutes"
	}
	return ""
}
