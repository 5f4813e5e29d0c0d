package graph

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Assignment assigns a role of a resource to a principal.
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

// AssignmentsOf returns the assignments of a service principal to roles of one resource, both by
// object id.
func (c *Client) AssignmentsOf(ctx context.Context, principal, resource string) ([]Assignment, error) {
	return list[Assignment](ctx, c, call{
		method: http.MethodGet, path: byID("servicePrincipals", principal, "appRoleAssignments"),
		query: filter("resourceId eq " + resource), needs: ReadApplications,
	})
}

// AssignmentsTo returns all assignments to roles of a resource, by its object id.
func (c *Client) AssignmentsTo(ctx context.Context, resource string) ([]Assignment, error) {
	return list[Assignment](ctx, c, call{
		method: http.MethodGet, path: byID("servicePrincipals", resource, "appRoleAssignedTo"), needs: ReadApplications,
	})
}

// Assign assigns a role to a principal. It succeeds if the principal has it already.
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

// Unassign removes an assignment. It succeeds if the assignment is gone already.
func (c *Client) Unassign(ctx context.Context, resource, assignment string) error {
	_, err := c.do(ctx, call{
		method: http.MethodDelete, path: byID("servicePrincipals", resource, "appRoleAssignedTo", assignment), needs: WriteAssignments,
	}, nil)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
