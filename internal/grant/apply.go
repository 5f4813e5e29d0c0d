package grant

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/rollout"
)

// Apply carries out the steps in turn, and waits until the assignments are visible, or until ctx
// ends. It returns the state then. tell is called for each step that is done, and every second
// while it waits.
//
// After an error the finished steps stay; planning and applying again resumes from there.
func Apply(ctx context.Context, c *graph.Client, s State, steps []Step, tell func(rollout.Progress)) (State, error) {
	a := &applier{client: c, state: s, granted: map[string]string{}}
	for _, step := range steps {
		err := rollout.Step(ctx, step.Text, tell, func(try rollout.Retry) error { return a.apply(ctx, step, try) })
		if err != nil {
			return a.state, err
		}
	}
	return a.state, a.confirm(ctx, steps, tell)
}

// applier carries out steps, and knows what they made.
type applier struct {
	client  *graph.Client
	state   State
	granted map[string]string // the ids of the granted roles, by value
}

func (a *applier) apply(ctx context.Context, step Step, try rollout.Retry) error {
	switch step.Action {
	case Register:
		return a.register(ctx, step, try)
	case AddRoles:
		return try(func() error { return a.addRoles(ctx, step.Roles) })
	case AddURIs:
		return try(func() error { return a.addURIs(ctx, step.URIs) })
	case SetTokenVersion:
		return try(func() error {
			err := a.client.SetTokenVersion(ctx, a.state.Application.ID, step.Version)
			if err == nil {
				a.state.Application.API.RequestedAccessTokenVersion = &step.Version
			}
			return err
		})
	case MakeService, RequireAssignment:
		return a.requireAssignment(ctx, try)
	case Assign:
		return a.assign(ctx, step, try)
	case Unassign:
		return try(func() error { return a.client.Unassign(ctx, a.state.Service.ID, step.Assignment) })
	}
	return fmt.Errorf("unknown action %s", step.Action)
}

func (a *applier) register(ctx context.Context, step Step, try rollout.Retry) error {
	var app graph.Application
	if err := try(func() (err error) {
		app, err = a.client.Register(ctx, step.Name, step.DisplayName, step.Version)
		return err
	}); err != nil {
		return err
	}
	if app.ID == "" || app.AppID == "" { // it existed already, but was not visible
		if err := try(func() (err error) {
			app, err = a.client.ApplicationByUniqueName(ctx, step.Name)
			return err
		}); err != nil {
			return err
		}
	}
	a.state.Application = &app
	return nil
}

// addRoles adds to the roles as they are now, and keeps those known from before, as a read may be
// stale.
func (a *applier) addRoles(ctx context.Context, wanted []Role) error {
	known := a.state.Application
	now, err := a.client.Application(ctx, known.ID)
	if err != nil {
		return err
	}
	roles := slices.Clone(now.AppRoles)
	add := func(r graph.AppRole) {
		if !slices.ContainsFunc(roles, func(other graph.AppRole) bool { return other.ID == r.ID || r.Value != "" && other.Value == r.Value }) {
			roles = append(roles, r)
		}
	}
	for _, r := range known.AppRoles {
		add(r)
	}
	for _, r := range wanted {
		add(r.appRole(known.AppID))
	}
	if err := a.client.SetAppRoles(ctx, known.ID, roles); err != nil {
		return err
	}
	known.AppRoles = roles
	return nil
}

func (a *applier) addURIs(ctx context.Context, wanted []string) error {
	known := a.state.Application
	now, err := a.client.Application(ctx, known.ID)
	if err != nil {
		return err
	}
	uris := slices.Clone(now.IdentifierURIs)
	for _, uri := range slices.Concat(known.IdentifierURIs, wanted) {
		if uri = expandAppID(uri, known.AppID); !slices.Contains(uris, uri) {
			uris = append(uris, uri)
		}
	}
	if err := a.client.SetIdentifierURIs(ctx, known.ID, uris); err != nil {
		return err
	}
	known.IdentifierURIs = uris
	return nil
}

func (a *applier) requireAssignment(ctx context.Context, try rollout.Retry) error {
	appID := a.state.AppID()
	var service graph.ServicePrincipal
	if err := try(func() (err error) {
		service, err = a.client.RequireAssignment(ctx, appID)
		return err
	}); err != nil {
		return err
	}
	if service.ID == "" {
		if err := try(func() (err error) {
			service, err = a.client.ServicePrincipalByAppID(ctx, appID)
			return err
		}); err != nil {
			return err
		}
	}
	service.AppRoleAssignmentRequired = true
	a.state.Service = &service
	return nil
}

func (a *applier) assign(ctx context.Context, step Step, try rollout.Retry) error {
	role, _ := graph.Role(a.state.Roles(), step.Role)
	return try(func() error {
		a.granted[step.Role] = role.ID
		err := a.client.Assign(ctx, step.Identity.ID, a.state.Service.ID, role.ID)
		if graph.KindOf(err) == graph.RoleNotThereYet {
			// Somebody may have added the role with another id in the meantime; the service
			// principal has it.
			if now, readErr := a.client.ServicePrincipal(ctx, a.state.Service.ID); readErr == nil {
				if seen, there := graph.Role(now.AppRoles, step.Role); there {
					role = seen
				}
			}
		}
		return err
	})
}

// confirm waits until each new or removed assignment is visible as such.
func (a *applier) confirm(ctx context.Context, steps []Step, tell func(rollout.Progress)) error {
	for _, identity := range a.state.Identities {
		mine := slices.DeleteFunc(slices.Clone(steps), func(other Step) bool {
			return other.Action != Assign && other.Action != Unassign || other.Identity.ID != identity.ID
		})
		if len(mine) == 0 {
			continue
		}
		err := rollout.Step(ctx, "confirm the roles of "+named(identity), tell, func(try rollout.Retry) error {
			return try(func() error {
				now, err := a.client.AssignmentsOf(ctx, identity.ID, a.state.Service.ID)
				if err != nil {
					return err
				}
				return a.seen(mine, now)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// seen returns nil if the assignments of an identity are as the steps leave them.
func (a *applier) seen(steps []Step, now []graph.Assignment) error {
	for _, step := range steps {
		there := slices.ContainsFunc(now, func(as graph.Assignment) bool {
			if step.Action == Unassign {
				return as.ID == step.Assignment
			}
			return as.AppRoleID == a.granted[step.Role]
		})
		if there != (step.Action == Assign) {
			return rollout.ErrNotSeen
		}
	}
	return nil
}
