package grant

import (
	"path"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/lookup"
)

// Unread returns the state of a tenant without the application, from w alone: nothing is looked up.
// ok is false if w is about an application that must exist.
func Unread(w Spec) (s State, ok bool) {
	for _, to := range w.To {
		if !slices.Contains(s.Unread, to) {
			s.Unread = append(s.Unread, to)
		}
	}
	return s, !w.Revoke && lookup.IsName(w.App)
}

// declaredIdentity is an identity, or its given name if it was not looked up.
type declaredIdentity struct {
	graph.ServicePrincipal
	unread string // "" if it is known
}

// shown returns the name of an identity for people, with its object id if it is known.
func (i declaredIdentity) shown() string {
	if i.unread != "" {
		return i.unread
	}
	return named(i.ServicePrincipal)
}

// identities returns all of them, read or not.
func (s State) identities() []declaredIdentity {
	var all []declaredIdentity
	for _, p := range s.Identities {
		all = append(all, declaredIdentity{ServicePrincipal: p})
	}
	for _, to := range s.Unread {
		name := to
		if strings.HasPrefix(to, "/") {
			name = path.Base(to)
		}
		all = append(all, declaredIdentity{graph.ServicePrincipal{DisplayName: name}, to})
	}
	return all
}

// objectIDOf describes the parameter of a declaration for an identity that was not looked up.
const objectIDOf = "The object id (principal id) of the managed identity "

const azByID = `
identity_by_id() { # a client id or an object id
  rest --method GET --url "$graph/v1.0/servicePrincipals(appId='$1')" --query id --output tsv 2>/dev/null ||
    rest --method GET --url "$graph/v1.0/servicePrincipals/$1" --query id --output tsv
}
`

const azByFilter = `
identity_by() { # a filter
  local ids
  ids=$(rest --method GET --url "$graph/v1.0/servicePrincipals" --uri-parameters "\$filter=$1" --query "value[].id" --output tsv) || return
  if [ "$(wc -w <<<"$ids")" != 1 ]; then
    echo "not exactly one identity has $1" >&2
    return 1
  fi
  printf '%s\n' "$ids"
}
`

// azFinders returns the functions of a script that azFind calls.
func azFinders(unread []string) string {
	text := ""
	if slices.ContainsFunc(unread, guid.Is) {
		text += azByID
	}
	if slices.ContainsFunc(unread, func(to string) bool { return !guid.Is(to) }) {
		text += azByFilter
	}
	return text
}

// azFind returns the command that prints the object id of an identity that was not looked up.
func azFind(unread string) string {
	switch {
	case guid.Is(unread):
		return "identity_by_id " + emit.Shell(unread)
	case strings.HasPrefix(unread, "/"):
		return "identity_by " + emit.Shell(graph.ResourceIDFilter(unread))
	}
	return "identity_by " + emit.Shell(graph.IdentityNameFilter(unread))
}
