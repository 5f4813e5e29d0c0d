package aztoken

import (
	"maps"
	"slices"
	"time"
)

// Status is a snapshot of a client, for a debug page or a health check. It contains no token.
type Status struct {
	// Host is the kind of host, the address of its endpoint, and by what it was found, for people to read:
	// "App Service at http://localhost:8081/msi/token ($IDENTITY_ENDPOINT, $IDENTITY_HEADER)".
	Host string `json:"host"`
	// Resources are those that have a token, sorted by name.
	Resources []ResourceStatus `json:"resources"`
}

// ResourceStatus is the state of one token.
type ResourceStatus struct {
	Resource string `json:"resource"`
	// TenantID and CAE tell tokens of one resource apart, where a credential was asked for several.
	TenantID string `json:"tenant_id,omitempty"`
	CAE      bool   `json:"cae,omitempty"`
	// AcquiredOn and ExpiresOn are those of the token in use.
	AcquiredOn time.Time `json:"acquired_on"`
	ExpiresOn  time.Time `json:"expires_on"`
	// RefreshOn is when the endpoint is asked next; after failures, the next try.
	RefreshOn time.Time `json:"refresh_on"`
	// Failures counts the background refreshes that failed since the last success.
	Failures int `json:"failures"`
	// LastError is why the last of them failed, "" where none did, and LastErrorOn when.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorOn time.Time `json:"last_error_on,omitzero"`
}

// Status tells where tokens come from and how each of them is. It never waits for the endpoint.
func (c *Client) Status() Status {
	s := Status{Host: c.host.name, Resources: []ResourceStatus{}}
	entries := c.cache.snapshot()
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if h := entries[key].latest(); h != nil {
			s.Resources = append(s.Resources, entries[key].status(h))
		}
	}
	return s
}

func (e *entry) status(h *held) ResourceStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := ResourceStatus{
		Resource: e.resource, TenantID: e.tenant, CAE: e.cae,
		AcquiredOn: h.token.AcquiredOn, ExpiresOn: h.token.ExpiresOn, RefreshOn: utc(e.due), Failures: e.failures,
	}
	if e.lastErr != nil {
		s.LastError, s.LastErrorOn = e.lastErr.Error(), utc(e.lastErrOn)
	}
	return s
}
