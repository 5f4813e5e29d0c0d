// Package warm keeps the tokens of resources that must be there, whether they are requested or not.
package warm

import (
	"context"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
)

// Resource is a resource whose token is kept.
type Resource struct {
	Identity string // of reports
	Name     string
	Client   *aztoken.Client
}

const (
	// timeout is that of one call of Warm, which itself tries again and again.
	timeout = 75 * time.Second
	// interval is the pause after a call that failed. A missing role or identity may need minutes
	// to appear.
	interval = 15 * time.Second
)

// Keep fetches and refreshes the tokens of resources until stop, or the end of life.
func Keep(life *lifetime.Lifetime, resources []Resource) (stop func()) {
	ctx, cancel := context.WithCancel(life.Context())
	var subscriptions []func()
	for _, r := range resources {
		// A client refreshes an unused token once at most, unless there is a subscription.
		subscriptions = append(subscriptions, r.Client.OnRotate(r.Name, func(aztoken.Token) {}))
		life.Go(func() { fetch(ctx, r) })
	}
	return func() {
		cancel()
		for _, end := range subscriptions {
			end()
		}
	}
}

// fetch gets the first token of a resource. From then on the client refreshes it.
func fetch(ctx context.Context, r Resource) {
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, timeout)
		err := r.Client.Warm(try, r.Name)
		cancel()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}

// Readiness is what /readyz answers.
type Readiness struct {
	Ready     bool    `json:"ready"`
	Resources []State `json:"resources"`
}

// State is that of one resource.
type State struct {
	Identity  string    `json:"identity"`
	Resource  string    `json:"resource"`
	Ready     bool      `json:"ready"`
	ExpiresOn time.Time `json:"expires_on,omitzero"`
	Error     string    `json:"error,omitempty"`
}

// Check reports whether every resource has a token that lives for minLife at least.
func Check(resources []Resource, minLife time.Duration) Readiness {
	now, all := time.Now(), Readiness{Ready: true, Resources: []State{}}
	for _, r := range resources {
		s := stateOf(r.Client.Status(), r.Name)
		s.Identity, s.Ready = r.Identity, s.ExpiresOn.Sub(now) >= minLife
		all.Ready = all.Ready && s.Ready
		all.Resources = append(all.Resources, s)
	}
	return all
}

func stateOf(status aztoken.Status, name string) State {
	for _, r := range status.Resources {
		if r.Resource == hosts.TrimScope(name) {
			return State{Resource: name, ExpiresOn: r.ExpiresOn.UTC(), Error: r.LastError}
		}
	}
	return State{Resource: name}
}
