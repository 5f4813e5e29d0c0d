package graph

import (
	"context"
	"encoding/json"
	"net/http"
)

// Application is a registration of a service: what it is called and which roles it has.
//
// https://learn.microsoft.com/graph/api/resources/application
type Application struct {
	ID             string    `json:"id"`    // the object id, which nothing outside of the directory has a use for
	AppID          string    `json:"appId"` // the client id
	DisplayName    string    `json:"displayName"`
	UniqueName     string    `json:"uniqueName"` // "" where it was registered by name alone
	IdentifierURIs []string  `json:"identifierUris"`
	AppRoles       []AppRole `json:"appRoles"`
	API            struct {
		RequestedAccessTokenVersion *int `json:"requestedAccessTokenVersion"`
	} `json:"api"`
	SignInAudience string `json:"signInAudience"`
}

const applicationFields = "id,appId,displayName,uniqueName,identifierUris,appRoles,api,signInAudience"

// TokenVersion is the version of the application's tokens: 1 unless it says 2.
func (a Application) TokenVersion() int {
	if v := a.API.RequestedAccessTokenVersion; v != nil {
		return *v
	}
	return 1
}

// AppRole is a role of an application.
type AppRole struct {
	ID                 string   `json:"id"`
	Value              string   `json:"value"` // what tokens say; "" for a role without
	DisplayName        string   `json:"displayName"`
	Description        string   `json:"description"`
	AllowedMemberTypes []string `json:"allowedMemberTypes"`
	IsEnabled          bool     `json:"isEnabled"`

	given json.RawMessage // as Graph gave it
}

type appRole AppRole // without methods

// UnmarshalJSON keeps the text.
func (r *AppRole) UnmarshalJSON(text []byte) error {
	var role appRole
	if err := json.Unmarshal(text, &role); err != nil {
		return err
	}
	*r = AppRole(role)
	r.given = append(json.RawMessage(nil), text...)
	return nil
}

// MarshalJSON gives a role as Graph gave it: the array of roles is replaced as a whole, and an enabled role must not change.
func (r AppRole) MarshalJSON() ([]byte, error) {
	if r.given != nil {
		return r.given, nil
	}
	return json.Marshal(appRole(r))
}

// Role is the role with a value, false if there is none.
func Role(roles []AppRole, value string) (AppRole, bool) {
	for _, r := range roles {
		if r.Value == value {
			return r, true
		}
	}
	return AppRole{}, false
}

// Application is the application with an object id.
func (c *Client) Application(ctx context.Context, id string) (Application, error) {
	return c.application(ctx, byID("applications", id))
}

// ApplicationByAppID is the application with a client id.
func (c *Client) ApplicationByAppID(ctx context.Context, appID string) (Application, error) {
	return c.application(ctx, byKey("applications", "appId", appID))
}

// ApplicationByUniqueName is the application with a unique name.
func (c *Client) ApplicationByUniqueName(ctx context.Context, name string) (Application, error) {
	return c.application(ctx, byKey("applications", "uniqueName", name))
}

func (c *Client) application(ctx context.Context, path string) (app Application, err error) {
	_, err = c.do(ctx, call{
		method: http.MethodGet, path: path, query: selected(map[string][]string{}, applicationFields), needs: ReadApplications,
	}, &app)
	if err == nil && (app.ID == "" || app.AppID == "") {
		return app, &Error{Err: errNothingYet}
	}
	return app, err
}

// ApplicationsByURI are the applications with an App ID URI.
func (c *Client) ApplicationsByURI(ctx context.Context, uri string) ([]Application, error) {
	return c.applications(ctx, "identifierUris/any(x:x eq "+quote(uri)+")")
}

// ApplicationsByDisplayName are the applications with a name, which need not be unique.
func (c *Client) ApplicationsByDisplayName(ctx context.Context, name string) ([]Application, error) {
	return c.applications(ctx, "displayName eq "+quote(name))
}

func (c *Client) applications(ctx context.Context, expression string) ([]Application, error) {
	return list[Application](ctx, c, call{
		method: http.MethodGet, path: "/applications", query: selected(filter(expression), applicationFields), needs: ReadApplications,
	})
}

// Register makes an application for this tenant alone, or updates the one with the unique name. There need not be an answer
// with the application: then it is read by its name.
func (c *Client) Register(ctx context.Context, uniqueName, displayName string, tokenVersion int) (app Application, err error) {
	_, err = c.do(ctx, call{
		method: http.MethodPatch, path: byKey("applications", "uniqueName", uniqueName), upsert: true, needs: WriteApplications,
		body: map[string]any{
			"displayName":    displayName,
			"signInAudience": "AzureADMyOrg", // the default would be every tenant's accounts, and people's own
			"api":            map[string]any{"requestedAccessTokenVersion": tokenVersion},
			"optionalClaims": IDTypeClaim(),
		},
	}, &app)
	return app, err
}

// IDTypeClaim returns the optionalClaims of an application whose access tokens have the claim idtyp, by
// which a service tells applications from users.
//
// https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
func IDTypeClaim() map[string]any {
	return map[string]any{"accessToken": []map[string]any{{"name": "idtyp"}}}
}

// SetAppRoles replaces all roles of an application.
func (c *Client) SetAppRoles(ctx context.Context, id string, roles []AppRole) error {
	return c.updateApplication(ctx, id, map[string]any{"appRoles": roles})
}

// SetIdentifierURIs replaces all App ID URIs of an application.
func (c *Client) SetIdentifierURIs(ctx context.Context, id string, uris []string) error {
	return c.updateApplication(ctx, id, map[string]any{"identifierUris": uris})
}

// SetTokenVersion sets the version of an application's tokens, 1 or 2.
func (c *Client) SetTokenVersion(ctx context.Context, id string, version int) error {
	return c.updateApplication(ctx, id, map[string]any{"api": map[string]any{"requestedAccessTokenVersion": version}})
}

func (c *Client) updateApplication(ctx context.Context, id string, change map[string]any) error {
	_, err := c.do(ctx, call{method: http.MethodPatch, path: byID("applications", id), body: change, needs: WriteApplications}, nil)
	return err
}
