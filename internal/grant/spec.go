package grant

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// OwnID is a placeholder in App ID URIs for the client id of the application, which is known only
// once it is registered.
const OwnID = "{appId}"

// Spec is what to set up.
type Spec struct {
	// App is the application: its name, which a new one will get, an App ID URI, or a client id.
	App string
	// DisplayName is that of a new application. "" is App.
	DisplayName string
	// Roles are assigned to each identity, and added to the application if it lacks them.
	Roles []Role
	// Registered are further roles that the application must have.
	Registered []Role
	// URIs are App ID URIs that the application must have, with [OwnID] for its client id. An
	// application without any gets api://{appId}.
	URIs []string
	// TokenVersion is the version of the application's tokens, 1 or 2. 0 is 2 for a new one, and
	// unchanged for others.
	TokenVersion int
	// To are the identities: Azure resource ids, object ids, client ids or names.
	To []string
	// RequireAssignment limits tokens of an existing application to identities with a role. A new
	// one has this limit from the start.
	RequireAssignment bool
	// Revoke removes the roles instead.
	Revoke bool
}

// Role is a role of an application. Value is required.
type Role struct {
	Value       string
	ID          string   // "": that of graph.RoleID
	DisplayName string   // "": Value, capitalized
	Description string   // "": a sentence with Value
	Members     []string // who may have it; none: applications, which includes managed identities
}

// ParseRole reads "value" or "value=description".
func ParseRole(text string) (Role, error) {
	value, description, _ := strings.Cut(text, "=")
	r := Role{Value: value, Description: strings.TrimSpace(description)}
	return r, r.check()
}

// maxRole is Entra's limit for the length of a value.
const maxRole = 250

func (r Role) check() error {
	switch {
	case r.Value == "":
		return fmt.Errorf("aztoken: a role has no value; set it to what tokens should contain, such as consumer")
	case len(r.Value) > maxRole, strings.HasPrefix(r.Value, "."), strings.ContainsFunc(r.Value, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fmt.Errorf("aztoken: %q cannot be the value of a role; use ASCII without spaces, no dot at the start, and at most %d characters", r.Value, maxRole)
	}
	return nil
}

// CheckURI returns what is wrong with uri as an App ID URI, nil if nothing is known to be.
func CheckURI(uri string) error {
	u, err := url.Parse(strings.ReplaceAll(uri, OwnID, "id"))
	if err != nil || u.Scheme == "" || strings.ContainsAny(uri, " \"\\`\n") {
		return fmt.Errorf("aztoken: %q cannot be an App ID URI; use one such as api://%s or https://orders.example.com", uri, OwnID)
	}
	return nil
}

// appRole returns the role as it is added to the application with a client id.
func (r Role) appRole(appID string) graph.AppRole {
	a := graph.AppRole{
		ID: cmp.Or(r.ID, graph.RoleID(appID, r.Value)), Value: r.Value, IsEnabled: true,
		DisplayName:        cmp.Or(r.DisplayName, strings.ToUpper(r.Value[:1])+r.Value[1:]),
		Description:        cmp.Or(r.Description, "Callers with the role "+r.Value),
		AllowedMemberTypes: r.Members,
	}
	if len(a.AllowedMemberTypes) == 0 {
		a.AllowedMemberTypes = []string{"Application"}
	}
	return a
}

// allRoles returns the roles that the application must have, each once.
func (w Spec) allRoles() []Role {
	var all []Role
	for _, r := range slices.Concat(w.Roles, w.Registered) {
		if !slices.ContainsFunc(all, func(other Role) bool { return other.Value == r.Value }) {
			all = append(all, r)
		}
	}
	return all
}

// name returns the display name of a new application.
func (w Spec) name() string { return cmp.Or(w.DisplayName, w.App) }

func (w Spec) tokenVersion() int {
	// In version 2 the audience is the client id, which no other application can have.
	return cmp.Or(w.TokenVersion, 2)
}
