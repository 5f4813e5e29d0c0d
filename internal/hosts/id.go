package hosts

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

// ID names one of the identities of a host. The zero ID is the host's default.
type ID struct {
	Kind  IDKind
	Value string
}

// IDKind is a kind of id.
type IDKind int

// The kinds of ids.
const (
	Default IDKind = iota
	ClientID
	ObjectID
	ResourceID
)

// article returns the name of k for people, with its article.
func (k IDKind) article() string {
	if k == ObjectID {
		return "an object id"
	}
	return "a client id"
}

// noID returns the error of a host that does not let the caller choose.
func noID() error {
	return &ConfigError{
		Field:   FieldID,
		Problem: "this host has one identity, set by its configuration",
		Fix:     "leave the id out",
	}
}

// clientIDOnly returns the error of a host that takes no other kind of id.
func clientIDOnly(more string) error {
	return &ConfigError{
		Field:   FieldID,
		Problem: "this host takes client ids only",
		Fix:     "use the client id of the identity" + more,
	}
}

// objectIDOnly returns the error of a host that takes no other kind of id than an object id.
func objectIDOnly(id ID) error {
	return &ConfigError{
		Field:   FieldID,
		Problem: quote(id.Value) + " is not an object id, and this host takes object ids only",
		Fix:     "use the object id of the identity: az identity show --query principalId prints it",
	}
}

// parameters are the names under which a host takes the kinds of ids.
type parameters [ResourceID + 1]string

// set adds id to query.
func (p parameters) set(query url.Values, id ID) {
	if id.Kind != Default {
		query.Set(p[id.Kind], id.Value)
	}
}

// check returns what is wrong with id on any host.
func (id ID) check() error {
	switch {
	case id.Kind == Default:
		return nil
	case id.Value == "":
		return &ConfigError{Field: FieldID, Problem: "empty", Fix: "set it, or leave it out for the host's default identity"}
	}
	return id.checkForm(FieldID)
}

// userAssigned is the type of the only resources whose ids name an identity.
const userAssigned = "/providers/microsoft.managedidentity/userassignedidentities/"

// checkForm returns what is wrong with the form of id, which is set by field: an endpoint that is
// asked for it would only answer that there is no such identity.
func (id ID) checkForm(field string) error {
	lower := strings.ToLower(id.Value)
	isResource := strings.HasPrefix(lower, "/subscriptions/")
	var problem, fix string
	switch {
	case strings.ContainsFunc(id.Value, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		problem, fix = "has a space, a line feed or another character that no id has", "remove it"
	case id.Kind != ResourceID && isResource:
		problem, fix = "is a resource id, not "+id.Kind.article(), "pass it as a resource id"
	case id.Kind == ResourceID && guid.Is(id.Value):
		problem, fix = "is a GUID, not a resource id", "pass it as a client id, or as an object id if it is the principal id"
	case id.Kind == ResourceID && !isResource:
		problem, fix = "is not a resource id, which begins with /subscriptions/", "az identity show --query id prints it"
	case id.Kind == ResourceID && strings.Contains(lower, "/providers/") && !strings.Contains(lower, userAssigned):
		problem = "is not the resource id of a user-assigned identity (…/Microsoft.ManagedIdentity/userAssignedIdentities/…)"
		fix = "for the identity of another resource leave the id out"
	case id.Kind == ClientID && !guid.Is(id.Value):
		problem, fix = "is not a client id, which is a GUID", "az identity show --query clientId prints it"
	case id.Kind == ObjectID && !guid.Is(id.Value):
		problem, fix = "is not an object id, which is a GUID", "az identity show --query principalId prints it"
	default:
		return nil
	}
	return &ConfigError{Field: field, Problem: quote(id.Value) + " " + problem, Fix: fix}
}

// quote returns text in quotes, cut at 100 bytes: it may be a whole file by mistake.
func quote(text string) string { return quoteUpTo(100, text) }

func quoteUpTo(limit int, text string) string {
	if len(text) <= limit {
		return fmt.Sprintf("%q", text)
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", text[:cut])
}
