package grant

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// OwnID stands in an App ID URI for the client id of the application, which is known only once it is registered.
const OwnID = "{appId}"

// Wanted is what somebody asks for.
type Wanted struct {
	// App is an application: the name of one that is there or will be, an App ID URI, or a client id.
	App string
	// DisplayName is that of a new application; "" is App.
	DisplayName string
	// Roles are given to each identity, and added to the application where it lacks them.
	Roles []Role
	// Registered are further roles that the application has to have.
	Registered []Role
	// URIs are App ID URIs that the application has to have, in which [OwnID] stands for its client id. An application
	// without any gets api://{appId}.
	URIs []string
	// TokenVersion is that of the application's tokens, 1 or 2; 0 is 2 for a new one, and whatever it is for others.
	TokenVersion int
	// To are the identities: Azure resource ids, object ids, client ids or names.
	To []string
	// RequireAssignment makes an application that others registered one that only those with a role get tokens for. One
	// that is registered here is so from the start.
	RequireAssignment bool
	// Revoke takes the roles back instead.
	Revoke bool
}

// Role is a role that an application has to have. Value is needed.
type Role struct {
	Value       string
	ID          string   // "": that of graph.RoleID
	DisplayName string   // "": Value, with a capital
	Description string   // "": a sentence with Value
	Members     []string // who may have it; none: applications, as managed identities are
}

// ParseRole reads "value" or "value=description".
func ParseRole(text string) (Role, error) {
	value, description, _ := strings.Cut(text, "=")
	r := Role{Value: value, Description: strings.TrimSpace(description)}
	return r, r.check()
}

// maxRole is the longest value that Entra takes.
const maxRole = 250

func (r Role) check() error {
	switch {
	case r.Value == "":
		return fmt.Errorf("aztoken: a role has no value; give what tokens shall say, such as consumer")
	case len(r.Value) > maxRole, strings.HasPrefix(r.Value, "."), strings.ContainsFunc(r.Value, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fmt.Errorf("aztoken: %q cannot be the value of a role; it is ASCII without spaces, does not begin with a dot and has at most %d characters", r.Value, maxRole)
	}
	return nil
}

// CheckURI says what keeps uri from being an App ID URI, nil where nothing is known to.
func CheckURI(uri string) error {
	u, err := url.Parse(strings.ReplaceAll(uri, OwnID, "id"))
	if err != nil || u.Scheme == "" || strings.ContainsAny(uri, " \"\\`\n") {
		return fmt.Errorf("aztoken: %q cannot be an App ID URI; give one such as api://%s or https://orders.example.com", uri, OwnID)
	}
	return nil
}

// appRole is the role as it is added to the application with a client id.
func (r Role) appRole(appID string) graph.AppRole {
	a := graph.AppRole{
		ID: r.ID, Value: r.Value, DisplayName: r.DisplayName, Description: r.Description, AllowedMemberTypes: r.Members, IsEnabled: true,
	}
	if a.ID == "" {
		a.ID = graph.RoleID(appID, r.Value)
	}
	if a.DisplayName == "" {
		a.DisplayName = strings.ToUpper(r.Value[:1]) + r.Value[1:]
	}
	if a.Description == "" {
		a.Description = "Callers with the role " + r.Value
	}
	if len(a.AllowedMemberTypes) == 0 {
		a.AllowedMemberTypes = []string{"Application"}
	}
	return a
}

// allRoles are those that the application has to have, each once.
func (w Wanted) allRoles() []Role {
	var all []Role
	for _, r := range slices.Concat(w.Roles, w.Registered) {
		if !slices.ContainsFunc(all, func(other Role) bool { return other.Value == r.Value }) {
			all = append(all, r)
		}
	}
	return all
}

// name is that of a new application.
func (w Wanted) name() string {
	if w.DisplayName != "" {
		return w.DisplayName
	}
	return w.App
}

func (w Wanted) tokenVersion() int {
	if w.TokenVersion == 0 {
		return 2 // whose audience is the client id, which nobody else can have
	}
	return w.TokenVersion
}
