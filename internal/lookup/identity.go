package lookup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/guid"
)

// Identity returns the managed identity with an Azure resource id, an object id, a client id, or a
// unique name. instead is the advice for the name of an application.
func Identity(ctx context.Context, c *graph.Client, to, instead string) (graph.ServicePrincipal, error) {
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
		return graph.ServicePrincipal{}, fmt.Errorf("aztoken: %s is %s, of type %s, not a managed identity; %s", to, found[0].DisplayName, found[0].Type, instead)
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

// ErrNoIdentity means that the directory has no such identity, or not yet.
var ErrNoIdentity = errors.New("no such identity")

// missingIdentity is the error of an identity that does not exist.
type missingIdentity struct{ text string }

func (m missingIdentity) Error() string        { return m.text }
func (m missingIdentity) Is(target error) bool { return target == ErrNoIdentity }

// noIdentity returns the error of an identity that does not exist.
func noIdentity(ctx context.Context, c *graph.Client, to string) error {
	const soon = "; a new identity takes a minute to appear"
	switch {
	case strings.HasPrefix(to, "/"):
		return missingIdentity{fmt.Sprintf("aztoken: no identity has the Azure resource id %s; correct it, or enable the resource's system-assigned identity%s", to, soon)}
	case !guid.Is(to):
		return missingIdentity{fmt.Sprintf("aztoken: no managed identity is named %q; a system-assigned one has the name of its resource%s", to, soon)}
	}
	if a, err := c.Application(ctx, to); err == nil {
		return fmt.Errorf("aztoken: %s is the object id of the application %s; use the client id of a managed identity, or the object id of its service principal", to, a.DisplayName)
	}
	return missingIdentity{fmt.Sprintf("aztoken: no service principal has the object id or client id %s; correct it, or sign in to its tenant%s", to, soon)}
}
