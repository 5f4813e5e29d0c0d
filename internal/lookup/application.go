package lookup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

// Application returns the application that is registered in the tenant under a client id, an object
// id, an App ID URI, a unique name, or a unique display name. It returns nil if there is none.
func Application(ctx context.Context, c *graph.Client, app string) (*graph.Application, error) {
	found, err := applications(ctx, c, app)
	switch {
	case err != nil:
		return nil, reading("the application", err)
	case len(found) == 0:
		return nil, nil
	case len(found) > 1:
		var lines []string
		for _, a := range found {
			lines = append(lines, fmt.Sprintf("%s %s", a.AppID, a.DisplayName))
		}
		return nil, fmt.Errorf("aztoken: %d applications match %q; use the client id of one:\n  %s", len(found), app, strings.Join(lines, "\n  "))
	}
	return &found[0], nil
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
		if found, err := one(c.ApplicationByAppID(ctx, app)); err != nil || len(found) > 0 {
			return found, err
		}
		return one(c.Application(ctx, app))
	case isURI(app):
		return c.ApplicationsByURI(ctx, app)
	}
	if found, err := one(c.ApplicationByUniqueName(ctx, app)); err != nil || len(found) > 0 {
		return found, err
	}
	return c.ApplicationsByDisplayName(ctx, app)
}

// Service returns the service principal of an application by its client id, nil if the tenant has
// none.
func Service(ctx context.Context, c *graph.Client, appID string) (*graph.ServicePrincipal, error) {
	service, err := c.ServicePrincipalByAppID(ctx, appID)
	switch {
	case err == nil:
		return &service, nil
	case errors.Is(err, graph.ErrNotFound):
		return nil, nil
	}
	return nil, reading("the service principal", err)
}

// IsName reports whether app is a name, which a new application may have, rather than an id or an
// App ID URI.
func IsName(app string) bool { return !guid.Is(app) && !isURI(app) }

func isURI(app string) bool { return strings.Contains(app, "://") }

// NoApplication returns the error of an application that does not exist. otherwise, if not "", is
// what to do if it should not exist yet.
func NoApplication(app, otherwise string) error {
	what, fix := fmt.Sprintf("named %q", app), "correct the name"
	switch {
	case guid.Is(app):
		what, fix = "with the client id or object id "+app, "correct it"
	case isURI(app):
		what, fix = "with the App ID URI "+app, "use it exactly"
	}
	if otherwise != "" {
		fix += ", " + otherwise
	}
	return fmt.Errorf("aztoken: the tenant has no application %s; %s, or sign in to its tenant", what, fix)
}
