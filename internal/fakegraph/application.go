package fakegraph

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Role is an app role, with the members that Graph has.
type Role struct {
	ID                 string   `json:"id"`
	Value              string   `json:"value"`
	DisplayName        string   `json:"displayName"`
	Description        string   `json:"description"`
	AllowedMemberTypes []string `json:"allowedMemberTypes"`
	IsEnabled          bool     `json:"isEnabled"`
	// Origin is Graph's own; a client has to send it back.
	Origin string `json:"origin,omitempty"`
}

// Application is an application as readers see it.
type Application struct {
	ID             string   `json:"id"`
	AppID          string   `json:"appId"`
	DisplayName    string   `json:"displayName"`
	UniqueName     *string  `json:"uniqueName"`
	IdentifierURIs []string `json:"identifierUris"`
	AppRoles       []Role   `json:"appRoles"`
	API            API      `json:"api"`
	SignInAudience string   `json:"signInAudience"`
	OptionalClaims any      `json:"optionalClaims"`
}

// API has the settings of an application's tokens.
type API struct {
	RequestedAccessTokenVersion *int `json:"requestedAccessTokenVersion"`
}

// application is the history of one.
type application struct {
	replicated[Application]
	roles       replicated[[]Role] // as its service principal has them
	credentials replicated[[]FederatedCredential]
}

// AddApplication registers an application as the portal does: without a unique name. Missing ids
// are generated.
func (s *Server) AddApplication(a Application) Application {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.ID == "" {
		a.ID = s.newID("a")
	}
	if a.AppID == "" {
		a.AppID = s.newID("c")
	}
	app := &application{}
	app.write(a, moment{})
	app.roles.write(a.AppRoles, moment{})
	s.applications = append(s.applications, app)
	return a
}

// Applications returns all of them, as they were written last.
func (s *Server) Applications() []Application {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Application
	for _, a := range s.applications {
		all = append(all, a.latest())
	}
	return all
}

func (s *Server) application(has func(Application) bool) *application {
	for _, a := range s.applications {
		if has(a.latest()) {
			return a
		}
	}
	return nil
}

// visible returns an application that a reader sees, nil for none.
func (x exchange) visible(id string) *application {
	app := x.application(by("id", id))
	if app == nil {
		return nil
	}
	if _, there := app.seen(x.moment); !there {
		return nil
	}
	return app
}

// by makes the condition of a key.
func by(key, value string) func(Application) bool {
	return func(a Application) bool {
		switch key {
		case "appId":
			return a.AppID == value
		case "uniqueName":
			return a.UniqueName != nil && *a.UniqueName == value
		default:
			return a.ID == value
		}
	}
}

func (x exchange) getApplication(key, value string) answer {
	if app := x.application(by(key, value)); app != nil {
		if a, there := app.seen(x.moment); there {
			return ok(a)
		}
	}
	return absent(value)
}

func (x exchange) findApplications() answer {
	filter := x.query.Get("$filter")
	name, byName := filtered(filter, `^displayName eq `+literal+`$`)
	uri, byURI := filtered(filter, `^identifierUris/any\(x:x eq `+literal+`\)$`)
	if !byName && !byURI {
		return badRequest("Invalid filter clause: %s", filter)
	}
	found := []Application{}
	for _, app := range x.applications {
		a, there := app.seen(x.moment)
		if there && (byName && strings.EqualFold(a.DisplayName, name) || byURI && slices.Contains(a.IdentifierURIs, uri)) {
			found = append(found, a)
		}
	}
	return listed(x, found)
}

func (x exchange) upsertApplication(uniqueName string) answer {
	app := x.application(by("uniqueName", uniqueName))
	if app != nil {
		return x.patch(app)
	}
	if !x.upsert {
		return absent(uniqueName)
	}
	app = &application{}
	app.write(Application{UniqueName: &uniqueName, IdentifierURIs: []string{}, AppRoles: []Role{}, SignInAudience: "AzureADandPersonalMicrosoftAccount"}, moment{})
	if refusal := x.patch(app); refusal.status != http.StatusNoContent {
		return refusal
	}
	a := app.latest()
	if a.DisplayName == "" {
		return badRequest("Property displayName is required.")
	}
	a.ID, a.AppID = x.newID("a"), x.newID("c")
	fresh := &application{}
	fresh.write(a, x.after(x.lags.Applications))
	fresh.roles.write(a.AppRoles, x.after(x.lags.Roles))
	x.applications = append(x.applications, fresh)
	return created(a)
}

func (x exchange) updateApplication(id string) answer {
	if app := x.visible(id); app != nil {
		return x.patch(app)
	}
	return absent(id)
}

// patch changes what the body has, as a whole or not at all.
func (x exchange) patch(app *application) answer {
	before := app.latest()
	var change struct {
		DisplayName    *string   `json:"displayName"`
		SignInAudience *string   `json:"signInAudience"`
		IdentifierURIs *[]string `json:"identifierUris"`
		AppRoles       *[]Role   `json:"appRoles"`
		API            *API      `json:"api"`
		OptionalClaims any       `json:"optionalClaims"`
	}
	if err := json.Unmarshal(x.body, &change); err != nil {
		return badRequest("Unable to read JSON request payload.")
	}
	a := before
	if change.DisplayName != nil {
		a.DisplayName = *change.DisplayName
	}
	if change.OptionalClaims != nil {
		a.OptionalClaims = change.OptionalClaims
	}
	if change.SignInAudience != nil {
		a.SignInAudience = *change.SignInAudience
	}
	if change.API != nil {
		a.API = *change.API
	}
	if change.IdentifierURIs != nil {
		a.IdentifierURIs = *change.IdentifierURIs
		if refusal, bad := x.badURIs(before, a); bad {
			return refusal
		}
	}
	if change.AppRoles != nil {
		a.AppRoles = *change.AppRoles
		if refusal, bad := badRoles(before.AppRoles, a.AppRoles); bad {
			return refusal
		}
		app.roles.write(a.AppRoles, x.after(x.lags.Roles))
	}
	app.write(a, x.after(x.lags.Applications))
	return done()
}
