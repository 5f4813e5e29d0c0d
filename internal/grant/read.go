package grant

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/lookup"
)

// Read returns what exists of what w asks for. It changes nothing.
func Read(ctx context.Context, c *graph.Client, w Spec) (s State, err error) {
	if s, err = FindApplication(ctx, c, w.App); err != nil {
		return s, err
	}
	switch {
	case s.AppID() != "":
	case w.Revoke:
		return s, lookup.NoApplication(w.App, "")
	case !lookup.IsName(w.App):
		return s, lookup.NoApplication(w.App, "or use a name to register one (with --uri)")
	}
	for _, to := range w.To {
		identity, err := lookup.Identity(ctx, c, to, "the portal grants roles to applications, under API permissions")
		if err != nil {
			return s, err
		}
		if !slices.ContainsFunc(s.Identities, func(p graph.ServicePrincipal) bool { return p.ID == identity.ID }) {
			s.Identities = append(s.Identities, identity)
		}
	}
	if s.Service == nil {
		return s, nil
	}
	for _, identity := range s.Identities {
		assigned, err := c.AssignmentsOf(ctx, identity.ID, s.Service.ID)
		if err != nil {
			return s, fmt.Errorf("aztoken: reading the roles of %s: %w", identity.DisplayName, err)
		}
		s.Assignments = append(s.Assignments, assigned...)
	}
	return s, nil
}

// FindApplication finds an application, as [lookup.Application] does, and its service principal.
// The State is empty if there is none.
func FindApplication(ctx context.Context, c *graph.Client, app string) (s State, err error) {
	if s.Application, err = lookup.Application(ctx, c, app); err != nil {
		return s, err
	}
	appID := app // for an application of another tenant, such as Microsoft Graph
	switch {
	case s.Application != nil:
		appID = s.Application.AppID
	case !guid.Is(app):
		return s, nil
	}
	s.Service, err = lookup.Service(ctx, c, appID)
	return s, err
}
