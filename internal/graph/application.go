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
	ID             string    `json:"id"`    // the object id, used only within the directory
	AppID          string    `json:"appId"` // the client id
	DisplayName    string    `json:"displayName"`
	UniqueName     string    `json:"uniqueName"` // "" if it was registered by display name alone
	IdentifierURIs []string  `json:"identifierUris"`
	AppRoles       []AppRole `json:"appRoles"`
	API            struct {
		RequestedAccessTokenVersion *int `json:"requestedAccessTokenVersion"`
	} `json:"api"`
	SignInAudience string `json:"signInAudience"`
}

const applicationFields = "id,appId,displayName,uniqueName,identifierUris,appRoles,api,signInAudience"

// TokenVersion returns the version of the application's tokens: 1 unless set to 2.
func (a Application) TokenVersion() int {
	if v := a.API.RequestedAccessTokenVersion; v != nil {
		return *v
	}
	return 1
}

// AppRole is a role of an application.
type AppRole struct {
	ID                 string   `json:"id"`
	Value              string   `json:"value"` // in tokens; "" for a role without
	DisplayName        string   `json:"displayName"`
	Description        string   `json:"description"`
	AllowedMemberTypes []string `json:"allowedMemberTypes"`
	IsEnabled          bool     `json:"isEnabled"`

	raw json.RawMessage // as Graph sent it
}

type appRole AppRole // without methods

// UnmarshalJSON implements [json.Unmarshaler]. It keeps the text.
func (r *AppRole) UnmarshalJSON(text []byte) error {
	var role appRole
	if err := json.Unmarshal(text, &role); err != nil {
		return err
	}
	*r = AppRole(role)
	r.raw = append(json.RawMessage(nil), text...)
	return nil
}

// MarshalJSON implements [json.Marshaler]. It returns a role as Graph sent it: the array of roles
// is replaced as a whole, and an enabled role must not change.
func (r AppRole) MarshalJSON() ([]byte, error) {
	if r.raw != nil {
		return r.raw, nil
	}
	return json.Marshal(appRole(r))
}

// Role returns the role with a value, false if there is none.
func Role(roles []AppRole, value string) (AppRole, bool) {
	for _, r := range roles {
		if r.Value == value {
			return r, true
		}
	}
	return AppRole{}, false
}

// Application returns the application with an object id.
func (c *Client) Application(ctx context.Context, id string) (Application, error) {
	return c.application(ctx, byID("applications", id))
}

// ApplicationByAppID returns the application with a client id.
func (c *Client) ApplicationByAppID(ctx context.Context, appID string) (Application, error) {
	return c.application(ctx, byKey("applications", "appId", appID))
}

// ApplicationByUniqueName returns the application with a unique name.
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

// ApplicationsByURI returns the applications with an App ID URI.
func (c *Client) ApplicationsByURI(ctx context.Context, uri string) ([]Application, error) {
	return c.applications(ctx, "identifierUris/any(x:x eq "+quote(uri)+")")
}

// ApplicationsByDisplayName returns the applications with a name, which need not be unique.
func (c *Client) ApplicationsByDisplayName(ctx context.Context, name string) ([]Application, error) {
	return c.applications(ctx, "displayName eq "+quote(name))
}

func (c *Client) applications(ctx context.Context, expression string) ([]Application, error) {
	return list[Application](ctx, c, call{
		method: http.MethodGet, path: "/applications", query: selected(filter(expression), applicationFields), needs: ReadApplications,
	})
}

// Register creates a single-tenant application, or updates the one with the unique name. Graph may
// answer without the application: then read it by its name.
func (c *Client) Register(ctx context.Context, uniqueName, displayName string, tokenVersion int) (app Application, err error) {
	_, err = c.do(ctx, call{
		method: http.MethodPatch, path: byKey("applications", "uniqueName", uniqueName), upsert: true, needs: WriteApplications,
		body: map[string]any{
			"displayName": displayName,
			// The default includes all tenants and personal accounts.
			"signInAudience": "AzureADMyOrg",
			"api":            map[string]any{"requestedAccessTokenVersion": tokenVersion},
			"optionalClaims": IDTypeClaim(),
		},
	}, &app)
	return app, err
}

// IDTypeClaim returns the optionalClaims of an application whose access tokens have the claim
// idtyp, by which a service distinguishes applications from users.
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
