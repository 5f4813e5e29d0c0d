package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

// Read returns what exists of what w asks for. It changes nothing.
func Read(ctx context.Context, c *graph.Client, w Spec) (s State, err error) {
	if s, err = FindApplication(ctx, c, w.App); err != nil {
		return s, err
	}
	if s.AppID() == "" && (w.Revoke || guid.Is(w.App) || isURI(w.App)) {
		return s, notThere(w.App)
	}
	for _, to := range w.To {
		identity, err := findIdentity(ctx, c, to)
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
			return s, reading("the roles of "+identity.DisplayName, err)
		}
		s.Assignments = append(s.Assignments, assigned...)
	}
	return s, nil
}

// reading returns err with what could not be read.
func reading(what string, err error) error { return fmt.Errorf("aztoken: reading %s: %w", what, err) }

func isURI(app string) bool { return strings.Contains(app, "://") }

func notThere(app string) error {
	switch {
	case guid.Is(app):
		return fmt.Errorf("aztoken: the tenant has no application with the client id %s; use its client id, not its object id, or sign in to its tenant", app)
	case isURI(app):
		return fmt.Errorf("aztoken: the tenant has no application with the App ID URI %s; use it exactly, or a name to register one (with --uri)", app)
	}
	return fmt.Errorf("aztoken: the tenant has no application named %q; correct the name, or sign in to its tenant", app)
}

// FindApplication finds an application and its service principal, by a client id, an App ID URI, a
// unique name, or a display name that only one has. The State is empty if there is none.
func FindApplication(ctx context.Context, c *graph.Client, app string) (s State, err error) {
	found, err := applications(ctx, c, app)
	switch {
	case err != nil:
		return s, reading("the application", err)
	case len(found) > 1:
		var lines []string
		for _, a := range found {
			lines = append(lines, fmt.Sprintf("%s %s", a.AppID, a.DisplayName))
		}
		return s, fmt.Errorf("aztoken: %d applications match %q; use the client id of one:\n  %s", len(found), app, strings.Join(lines, "\n  "))
	case len(found) == 1:
		s.Application = &found[0]
	case !guid.Is(app):
		return s, nil
	}
	appID := app // of another tenant's application, such as Microsoft Graph
	if s.Application != nil {
		appID = s.Application.AppID
	}
	service, err := c.ServicePrincipalByAppID(ctx, appID)
	switch {
	case err == nil:
		s.Service = &service
	case !errors.Is(err, graph.ErrNotFound):
		return s, reading("the service principal", err)
	}
	return s, nil
}

func applications(ctx context.Context, c *graph.Client, app string) ([]graph.Application, error) {
	one := func(a graph.Application, err error) ([]graph.Application, error) {
		if errors.Is(err, graph.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []graph.Application{a}, nil
	}
	switch {
	case guid.Is(app):
		return one(c.ApplicationByAppID(ctx, app))
	case isURI(app):
		return c.ApplicationsByURI(ctx, app)
	}
	if found, err := one(c.ApplicationByUniqueName(ctx, app)); err != nil || len(found) > 0 {
		return found, err
	}
	return c.ApplicationsByDisplayName(ctx, app)
}

// findIdentity finds a managed identity by an Azure resource id, an object id, a client id, or a
// name.
func findIdentity(ctx context.Context, c *graph.Client, to string) (graph.ServicePrincipal, error) {
	found, err := servicePrincipals(ctx, c, to)
	if err != nil {
		return graph.ServicePrincipal{}, reading("the identity "+to, err)
	}
	switch {
	case len(found) > 1:
		var lines []string
		for _, p := range found {
			lines = append(lines, fmt.Sprintf("%s %s %s", p.ID, p.DisplayName, p.ResourceID()))
		}
		return graph.ServicePrincipal{}, fmt.Errorf("aztoken: %d managed identities match %q; use the object id of one:\n  %s", len(found), to, strings.Join(lines, "\n  "))
	case len(found) == 0:
		return graph.ServicePrincipal{}, noIdentity(ctx, c, to)
	case found[0].Type != graph.ManagedIdentity:
		return graph.ServicePrincipal{}, fmt.Errorf("aztoken: %s is %s, of type %s, not a managed identity; the portal grants roles to applications, under API permissions", to, found[0].DisplayName, found[0].Type)
	}
	return found[0], nil
}

func servicePrincipals(ctx context.Context, c *graph.Client, to string) ([]graph.ServicePrincipal, error) {
	switch {
	case strings.HasPrefix(to, "/"):
		return c.ServicePrincipalsByResourceID(ctx, to)
	case !guid.Is(to):
		return c.ManagedIdentitiesByDisplayName(ctx, to)
	}
	p, err := c.ServicePrincipal(ctx, to)
	if errors.Is(err, graph.ErrNotFound) {
		p, err = c.ServicePrincipalByAppID(ctx, to)
	}
	if errors.Is(err, graph.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []graph.ServicePrincipal{p}, nil
}

// noIdentity returns the error of an identity that does not exist.
func noIdentity(ctx context.Context, c *graph.Client, to string) error {
	const soon = "; a new identity takes a minute to appear"
	switch {
	case strings.HasPrefix(to, "/"):
		return fmt.Errorf("aztoken: no identity has the Azure resource id %s; correct it, or enable the resource's system-assigned identity%s", to, soon)
	case !guid.Is(to):
		return fmt.Errorf("aztoken: no managed identity is named %q; a system-assigned one has the name of its resource%s", to, soon)
	}
	if a, err := c.Application(ctx, to); err == nil {
		return fmt.Errorf("aztoken: %s is the object id of the application %s; use the client id of a managed identity, or the object id of its service principal", to, a.DisplayName)
	}
	return fmt.Errorf("aztoken: no service principal has the object id or client id %s; correct it, or sign in to its tenant%s", to, soon)
}
