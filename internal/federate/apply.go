package federate

import (
	"context"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/graph"
	"github.com/seed-ac726066/aztoken/internal/rollout"
)

// Apply carries out the steps, one after the other, and waits until the directory shows them, or
// until ctx ends. It returns the state then. tell is called for each step that is done, and every
// second while it waits.
//
// After an error the finished steps stay; planning and applying again resumes from there.
func Apply(ctx context.Context, c *graph.Client, s State, steps []Step, tell func(rollout.Progress)) (State, error) {
	a := &applier{client: c, state: s}
	for _, step := range steps {
		err := rollout.Step(ctx, step.Text, tell, func(try rollout.Retry) error {
			return try(func() error { return a.apply(ctx, step) })
		})
		if err != nil {
			return a.state, err
		}
	}
	if len(steps) == 0 {
		return a.state, nil
	}
	return a.state, rollout.Step(ctx, "confirm the federated credentials of "+s.Application.DisplayName, tell, func(try rollout.Retry) error {
		return try(func() error { return a.confirm(ctx, steps) })
	})
}

// applier carries out steps.
type applier struct {
	client  *graph.Client
	state   State
	removed []string // ids
}

func (a *applier) apply(ctx context.Context, step Step) error {
	if step.Action == Add {
		return a.add(ctx, step.Credential)
	}
	err := a.client.RemoveFederatedCredential(ctx, a.state.Application.ID, step.Credential.ID)
	if err == nil {
		a.removed = append(a.removed, step.Credential.ID)
	}
	return err
}

// add adds a credential. It succeeds if the application has it already. If another credential is in
// the way, it waits until that is gone if it was removed here, or if it is not visible at all: then
// it may be this very credential, added by an interrupted run.
func (a *applier) add(ctx context.Context, want graph.FederatedCredential) error {
	refusal := a.client.AddFederatedCredential(ctx, a.state.Application.ID, want)
	if graph.KindOf(refusal) != graph.CredentialExists {
		return refusal
	}
	now, err := a.client.FederatedCredentials(ctx, a.state.Application.ID)
	if err != nil {
		return err
	}
	for _, f := range now {
		inTheWay := strings.EqualFold(f.Name, want.Name) || f.Issuer == want.Issuer && f.Subject == want.Subject
		switch {
		case matches(f, want):
			return nil
		case inTheWay && !slices.Contains(a.removed, f.ID):
			return refusal // somebody else has added it in the meantime
		}
	}
	return rollout.ErrNotSeen
}

// confirm reports whether the directory shows the steps. What was added but is missing is added
// again, because writes in quick succession can get lost.
func (a *applier) confirm(ctx context.Context, steps []Step) error {
	now, err := a.client.FederatedCredentials(ctx, a.state.Application.ID)
	if err != nil {
		return err
	}
	a.state.Credentials = now
	for _, step := range steps {
		there := slices.ContainsFunc(now, func(f graph.FederatedCredential) bool {
			if step.Action == Remove {
				return f.ID == step.Credential.ID
			}
			return matches(f, step.Credential)
		})
		if there == (step.Action == Add) {
			continue
		}
		if err := a.apply(ctx, step); err != nil {
			return err
		}
		return rollout.ErrNotSeen
	}
	return nil
}
