package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// Progress is what happens to a step.
type Progress struct {
	Step Step
	// Done says that it is done, or seen, if it was done before.
	Done bool
	// Waited is how long replication has been waited for, and Why is for what; only where it is not Done.
	Waited time.Duration
	Why    error
}

// confirm is the step that changes nothing: waiting until the assignments are seen.
const confirm Action = "confirm"

// Apply carries out the steps in turn, and waits until the assignments are seen, within ctx. It gives what is there then. tell
// is called with each step that is done, and each second that is waited.
//
// What was done before an error stays; to plan and apply once more goes on from there.
func Apply(ctx context.Context, c *graph.Client, s State, steps []Step, tell func(Progress)) (State, error) {
	a := &applier{client: c, state: s, tell: tell, given: map[string]string{}}
	for _, step := range steps {
		if err := a.apply(ctx, step); err != nil {
			return a.state, unfinished(step, err)
		}
		tell(Progress{Step: step, Done: true})
	}
	return a.state, a.confirm(ctx, steps)
}

// unfinished is the error of a step.
func unfinished(step Step, err error) error {
	text := fmt.Errorf("aztoken: could not %s: %w", step.Text, err)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; what is done stays, so give the same command again, with more --timeout if need be", text)
	}
	return text
}

// applier holds what is known to be there.
type applier struct {
	client *graph.Client
	state  State
	tell   func(Progress)
	given  map[string]string // the ids of the roles that were given, by their value
}

func (a *applier) apply(ctx context.Context, step Step) error {
	try := func(f func() error) error { return a.patiently(ctx, step, f) }
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

func (a *applier) patiently(ctx context.Context, step Step, try func() error) error {
	return patiently(ctx, try, func(waited time.Duration, why error) {
		a.tell(Progress{Step: step, Waited: waited, Why: why})
	})
}

func (a *applier) register(ctx context.Context, step Step, try func(func() error) error) error {
	var app graph.Application
	if err := try(func() (err error) {
		app, err = a.client.Register(ctx, step.Name, step.DisplayName, step.Version)
		return err
	}); err != nil {
		return err
	}
	if app.ID == "" || app.AppID == "" { // it was there, though nobody saw it
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

// addRoles adds to the roles as they are now; those that are known count as well, as what was read may be old.
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
		if uri = own(uri, known.AppID); !slices.Contains(uris, uri) {
			uris = append(uris, uri)
		}
	}
	if err := a.client.SetIdentifierURIs(ctx, known.ID, uris); err != nil {
		return err
	}
	known.IdentifierURIs = uris
	return nil
}

func (a *applier) requireAssignment(ctx context.Context, try func(func() error) error) error {
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

func (a *applier) assign(ctx context.Context, step Step, try func(func() error) error) error {
	role, _ := graph.Role(a.state.Roles(), step.Role)
	return try(func() error {
		a.given[step.Role] = role.ID
		err := a.client.Assign(ctx, step.Identity.ID, a.state.Service.ID, role.ID)
		if graph.KindOf(err) == graph.RoleNotThereYet {
			// The role of the service principal counts: somebody may have added it with another id meanwhile.
			if now, readErr := a.client.ServicePrincipal(ctx, a.state.Service.ID); readErr == nil {
				if seen, there := graph.Role(now.AppRoles, step.Role); there {
					role = seen
				}
			}
		}
		return err
	})
}

// confirm waits until each assignment that was made or taken back is seen to be so.
func (a *applier) confirm(ctx context.Context, steps []Step) error {
	for _, identity := range a.state.Identities {
		step := Step{Action: confirm, Text: "see the roles of " + named(identity), Identity: identity}
		mine := slices.DeleteFunc(slices.Clone(steps), func(other Step) bool {
			return other.Action != Assign && other.Action != Unassign || other.Identity.ID != identity.ID
		})
		if len(mine) == 0 {
			continue
		}
		if err := a.patiently(ctx, step, func() error {
			now, err := a.client.AssignmentsOf(ctx, identity.ID, a.state.Service.ID)
			if err != nil {
				return err
			}
			return a.seen(mine, now)
		}); err != nil {
			return unfinished(step, err)
		}
		a.tell(Progress{Step: step, Done: true})
	}
	return nil
}

// seen says whether the assignments of an identity are as the steps leave them.
func (a *applier) seen(steps []Step, now []graph.Assignment) error {
	for _, step := range steps {
		there := slices.ContainsFunc(now, func(as graph.Assignment) bool {
			if step.Action == Unassign {
				return as.ID == step.Assignment
			}
			return as.AppRoleID == a.given[step.Role]
		})
		if there != (step.Action == Assign) {
			return errNotSeen
		}
	}
	return nil
}
