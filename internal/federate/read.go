package federate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/lookup"
)

// Read returns what exists of what w asks for. It changes nothing. Its errors include requests that
// Entra would accept, only to refuse every token later.
func Read(ctx context.Context, c *graph.Client, w Spec) (s State, err error) {
	app, err := lookup.Application(ctx, c, w.App)
	switch {
	case err != nil:
		return s, err
	case app == nil:
		return s, noApplication(ctx, c, w.App)
	}
	s.Application = *app
	if s.TenantID = cmp.Or(c.TenantID(), w.TenantID); s.TenantID == "" {
		return s, errors.New("aztoken: the sign-in does not say which tenant it is for; set --tenant to the tenant's id, a GUID")
	}
	for _, to := range w.To {
		identity, err := findIdentity(ctx, c, w, to)
		if err != nil {
			return s, err
		}
		if !slices.ContainsFunc(s.Identities, func(p graph.ServicePrincipal) bool { return p.ID == identity.ID }) {
			s.Identities = append(s.Identities, identity)
		}
	}
	if s.Service, err = lookup.Service(ctx, c, app.AppID); err != nil {
		return s, err
	}
	s.Credentials, err = c.FederatedCredentials(ctx, app.ID)
	// A new application may not be known everywhere yet.
	if err != nil && !errors.Is(err, graph.ErrNotFound) {
		return s, fmt.Errorf("aztoken: reading the federated credentials of %s: %w", app.DisplayName, err)
	}
	return s, nil
}

// noApplication returns the error of an application that is not registered in the tenant.
func noApplication(ctx context.Context, c *graph.Client, app string) error {
	if guid.Is(app) {
		service, err := lookup.Service(ctx, c, app)
		switch {
		case err != nil:
			return err
		case service != nil:
			return fmt.Errorf("aztoken: %s is registered in another tenant, where the identity must be too; sign in to that tenant (--tenant), "+
				"or use an application of this one", service.DisplayName)
		}
	}
	return lookup.NoApplication(app, "or register it first (a new one takes a minute to appear)")
}

func findIdentity(ctx context.Context, c *graph.Client, w Spec, to string) (graph.ServicePrincipal, error) {
	identity, err := lookup.Identity(ctx, c, to, "Entra ID accepts only managed identities as the credential of an application")
	switch {
	case w.Revoke && guid.Is(to) && errors.Is(err, lookup.ErrNoIdentity):
		// The identity is gone, but its credential still exists.
		return graph.ServicePrincipal{ID: to, DisplayName: "a deleted identity"}, nil
	case err != nil:
		return identity, err
	case identity.IsSystemAssigned() && !w.Revoke:
		return identity, fmt.Errorf("aztoken: %s is a system-assigned identity, which Entra ID does not accept as the credential of an application; "+
			"create a user-assigned one (az identity create), assign it to the machine, and use that", named(identity))
	}
	return identity, nil
}

// named returns the name and object id of an identity, for people.
func named(p graph.ServicePrincipal) string { return p.DisplayName + " (" + p.ID + ")" }
