package graph

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Assignment is that a principal has a role of a resource.
//
// https://learn.microsoft.com/graph/api/resources/approleassignment
type Assignment struct {
	ID                   string    `json:"id"`
	AppRoleID            string    `json:"appRoleId"`
	PrincipalID          string    `json:"principalId"`
	PrincipalDisplayName string    `json:"principalDisplayName"`
	PrincipalType        string    `json:"principalType"` // User, Group or ServicePrincipal
	ResourceID           string    `json:"resourceId"`
	CreatedOn            time.Time `json:"createdDateTime"`
}

// AssignmentsOf are the roles that a service principal has of one resource; both are object ids.
func (c *Client) AssignmentsOf(ctx context.Context, principal, resource string) ([]Assignment, error) {
	return list[Assignment](ctx, c, call{
		method: http.MethodGet, path: byID("servicePrincipals", principal, "appRoleAssignments"),
		query: filter("resourceId eq " + resource), needs: ReadApplications,
	})
}

// AssignmentsTo are all that have a role of a resource, an object id.
func (c *Client) AssignmentsTo(ctx context.Context, resource string) ([]Assignment, error) {
	return list[Assignment](ctx, c, call{
		method: http.MethodGet, path: byID("servicePrincipals", resource, "appRoleAssignedTo"), needs: ReadApplications,
	})
}

// Assign gives a role to a principal. That it has the role already is a success.
func (c *Client) Assign(ctx context.Context, principal, resource, roleID string) error {
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: byID("servicePrincipals", resource, "appRoleAssignedTo"), needs: WriteAssignments,
		body: map[string]string{"principalId": principal, "resourceId": resource, "appRoleId": roleID},
	}, nil)
	if KindOf(err) == AlreadyThere {
		return nil
	}
	return err
}

// Unassign takes an assignment back. That it is gone already is a success.
func (c *Client) Unassign(ctx context.Context, resource, assignment string) error {
	_, err := c.do(ctx, call{
		method: http.MethodDelete, path: byID("servicePrincipals", resource, "appRoleAssignedTo", assignment), needs: WriteAssignments,
	}, nil)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
