package agent

import (
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// Readiness is what /readyz answers.
type Readiness struct {
	Ready     bool           `json:"ready"`
	Resources []WarmResource `json:"resources"`
}

// WarmResource is a resource that must have a token.
type WarmResource struct {
	Identity  string    `json:"identity"`
	Resource  string    `json:"resource"`
	Ready     bool      `json:"ready"`
	ExpiresOn time.Time `json:"expires_on,omitzero"`
	Error     string    `json:"error,omitempty"`
}

// Ready reports whether every warm resource has a token with the least life that the configuration asks for.
func (a *Agent) Ready() (bool, any) {
	g := a.current.Load()
	now := time.Now()
	all := Readiness{Ready: true, Resources: []WarmResource{}}
	for _, id := range g.identities {
		status := id.members.own.client.Status()
		for _, name := range id.Warm {
			r := warmResource(status, name)
			r.Identity, r.Ready = id.Name, r.ExpiresOn.Sub(now) >= g.config.MinLife
			all.Ready = all.Ready && r.Ready
			all.Resources = append(all.Resources, r)
		}
	}
	return all.Ready, all
}

func warmResource(s aztoken.Status, name string) WarmResource {
	for _, r := range s.Resources {
		if r.Resource == hosts.TrimScope(name) {
			return WarmResource{Resource: name, ExpiresOn: r.ExpiresOn.UTC(), Error: r.LastError}
		}
	}
	return WarmResource{Resource: name}
}
