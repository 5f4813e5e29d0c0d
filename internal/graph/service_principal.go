package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// ManagedIdentity is the type of a managed identity's service principal.
const ManagedIdentity = "ManagedIdentity"

// ServicePrincipal represents an application or a managed identity in a tenant.
//
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
type ServicePrincipal struct {
	ID                        string    `json:"id"`    // the object id, by which roles are assigned
	AppID                     string    `json:"appId"` // the client id
	DisplayName               string    `json:"displayName"`
	Type                      string    `json:"servicePrincipalType"`
	AlternativeNames          []string  `json:"alternativeNames"`
	AppRoles                  []AppRole `json:"appRoles"`
	AppRoleAssignmentRequired bool      `json:"appRoleAssignmentRequired"`
}

const servicePrincipalFields = "id,appId,displayName,servicePrincipalType,alternativeNames,appRoles,appRoleAssignmentRequired"

// ResourceID returns the Azure resource id of a managed identity, or of the resource that it
// belongs to, "" for none.
func (p ServicePrincipal) ResourceID() string {
	for _, name := range p.AlternativeNames {
		if strings.HasPrefix(name, "/subscriptions/") {
			return name
		}
	}
	return ""
}

// IsSystemAssigned reports whether a managed identity is known to be that of a resource, rather
// than a standalone identity.
func (p ServicePrincipal) IsSystemAssigned() bool {
	if slices.ContainsFunc(p.AlternativeNames, func(name string) bool { return strings.EqualFold(name, "isExplicit=False") }) {
		return true
	}
	id := strings.ToLower(p.ResourceID())
	return id != "" && !strings.Contains(id, "/providers/microsoft.managedidentity/userassignedidentities/")
}

// ServicePrincipal returns the service principal with an object id.
func (c *Client) ServicePrincipal(ctx context.Context, id string) (ServicePrincipal, error) {
	return c.servicePrincipal(ctx, byID("servicePrincipals", id))
}

// ServicePrincipalByAppID returns the service principal with a client id.
func (c *Client) ServicePrincipalByAppID(ctx context.Context, appID string) (ServicePrincipal, error) {
	return c.servicePrincipal(ctx, byKey("servicePrincipals", "appId", appID))
}

func (c *Client) servicePrincipal(ctx context.Context, path string) (p ServicePrincipal, err error) {
	_, err = c.do(ctx, call{
		method: http.MethodGet, path: path, query: selected(map[string][]string{}, servicePrincipalFields), needs: ReadApplications,
	}, &p)
	if err == nil && (p.ID == "" || p.AppID == "") {
		return p, &Error{Err: errNothingYet}
	}
	return p, err
}

// ServicePrincipalsByResourceID returns those of an Azure resource: a user-assigned identity, or a
// resource with a system-assigned one.
func (c *Client) ServicePrincipalsByResourceID(ctx context.Context, armID string) ([]ServicePrincipal, error) {
	return c.servicePrincipals(ctx, ResourceIDFilter(armID))
}

// ResourceIDFilter returns the $filter of the service principals of an Azure resource.
func ResourceIDFilter(armID string) string {
	return "alternativeNames/any(x:x eq " + quote(directoryID(armID)) + ")"
}

// ManagedIdentitiesByDisplayName returns the managed identities with a name, which need not be
// unique.
func (c *Client) ManagedIdentitiesByDisplayName(ctx context.Context, name string) ([]ServicePrincipal, error) {
	return c.servicePrincipals(ctx, IdentityNameFilter(name))
}

// IdentityNameFilter returns the $filter of the managed identities with a name.
func IdentityNameFilter(name string) string {
	return "displayName eq " + quote(name) + " and servicePrincipalType eq " + quote(ManagedIdentity)
}

func (c *Client) servicePrincipals(ctx context.Context, expression string) ([]ServicePrincipal, error) {
	return list[ServicePrincipal](ctx, c, call{
		method: http.MethodGet, path: "/servicePrincipals", query: selected(filter(expression), servicePrincipalFields), needs: ReadApplications,
	})
}

// RequireAssignment limits tokens for an application to accounts with a role, and creates its
// service principal if it has none. Graph may answer without the service principal: then read it by
// the client id.
func (c *Client) RequireAssignment(ctx context.Context, appID string) (p ServicePrincipal, err error) {
	_, err = c.do(ctx, call{
		method: http.MethodPatch, path: byKey("servicePrincipals", "appId", appID), upsert: true, needs: WriteApplications,
		body: map[string]any{"appRoleAssignmentRequired": true},
	}, &p)
	return p, err
}
