package hosts

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
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

// What the hosts say that take fewer kinds of id.
var (
	errNoID       = errors.New("Options.ID: this host has one identity, which its configuration decides; leave ID nil")
	errClientOnly = errors.New("Options.ID: this host takes client ids only; set ID to the ClientID of the identity")
	errEmptyID    = errors.New("Options.ID is empty; give the id, or leave ID nil for the host's default identity")
)

// parameters are the names under which a host takes client id, object id and resource id.
type parameters struct{ clientID, objectID, resourceID string }

// set adds id to query.
func (p parameters) set(query url.Values, id ID) {
	switch id.Kind {
	case ClientID:
		query.Set(p.clientID, id.Value)
	case ObjectID:
		query.Set(p.objectID, id.Value)
	case ResourceID:
		query.Set(p.resourceID, id.Value)
	}
}

// check returns what is wrong with id on any host.
func (id ID) check() error {
	switch {
	case id.Kind == Default:
		return nil
	case id.Value == "":
		return errEmptyID
	}
	return id.checkForm("Options.ID")
}

// userAssigned is the type of the only resources whose ids name an identity.
const userAssigned = "/providers/microsoft.managedidentity/userassignedidentities/"

// checkForm returns what is wrong with the form of id, which from names: an endpoint that is asked
// for it would say no more than that there is no such identity.
func (id ID) checkForm(from string) error {
	lower := strings.ToLower(id.Value)
	isResource := strings.HasPrefix(lower, "/subscriptions/")
	problem := ""
	switch {
	case strings.ContainsFunc(id.Value, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		problem = "has a blank, a line feed or another character that no id has; give it without"
	case id.Kind != ResourceID && isResource:
		problem = "is a resource id; give it as ResourceID"
	case id.Kind == ResourceID && isGUID(id.Value):
		problem = "is a GUID and not a resource id; give it as ClientID, or as ObjectID if it is the principal id"
	case id.Kind == ResourceID && !isResource:
		problem = "is not a resource id, which begins with /subscriptions/ (az identity show --query id)"
	case id.Kind == ResourceID && strings.Contains(lower, "/providers/") && !strings.Contains(lower, userAssigned):
		problem = "is not the resource id of a user-assigned identity (…/Microsoft.ManagedIdentity/userAssignedIdentities/…); leave ID nil for a resource's own identity"
	case id.Kind == ClientID && !isGUID(id.Value):
		problem = "is not a client id, which is a GUID (az identity show --query clientId)"
	case id.Kind == ObjectID && !isGUID(id.Value):
		problem = "is not an object id, which is a GUID (az identity show --query principalId)"
	default:
		return nil
	}
	return fmt.Errorf("%s: %s %s", from, quote(id.Value), problem)
}

// quote returns text in quotes, cut at 100 bytes: it may be a whole file by mistake.
func quote(text string) string {
	const limit = 100
	if len(text) <= limit {
		return fmt.Sprintf("%q", text)
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", text[:cut])
}

// isGUID reports whether s is a GUID as Azure writes them, in whatever case.
func isGUID(s string) bool {
	if len(s) != len("00000000-0000-0000-0000-000000000000") {
		return false
	}
	for i := range len(s) {
		switch isDash := i == 8 || i == 13 || i == 18 || i == 23; {
		case isDash && s[i] != '-', !isDash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])):
			return false
		}
	}
	return true
}
