package agent

import (
	"sync"

	"github.com/seed-ac726066/aztoken/internal/agentfile"
)

// maxResources bounds the resources, and their labels, that callers can add to an identity without
// an allow list.
const maxResources = 64

// otherResource is the label of a resource that is not served.
const otherResource = "other"

// resources are those that an identity serves.
type resources struct {
	allowed map[string]string // by folded name, as the configuration has it; nil: any

	mu      sync.Mutex // guards learned
	learned map[string]bool
}

func newResources(allow []string) *resources {
	r := &resources{learned: map[string]bool{}}
	for _, resource := range allow {
		if r.allowed == nil {
			r.allowed = map[string]string{}
		}
		r.allowed[agentfile.Fold(resource)] = resource
	}
	return r
}

// admit returns the label of a resource, and false if it is not served.
func (r *resources) admit(resource string) (label string, ok bool) {
	name := agentfile.Fold(resource)
	if r.allowed != nil {
		label, ok = r.allowed[name]
		if !ok {
			label = otherResource
		}
		return label, ok
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.learned[name] && len(r.learned) >= maxResources {
		return otherResource, false
	}
	r.learned[name] = true
	return name, true
}

// serves reports whether a resource was admitted, so that its name may be a label.
func (r *resources) serves(resource string) bool {
	name := agentfile.Fold(resource)
	if _, allowed := r.allowed[name]; allowed {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.learned[name]
}

// forget frees the place of a resource that upstream refused, such as a typing mistake.
func (r *resources) forget(resource string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.learned, agentfile.Fold(resource))
}
