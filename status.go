package aztoken

import (
	"maps"
	"slices"
	"time"
)

// Status is a snapshot of a client, for a debug page or a health check. It contains no token.
type Status struct {
	// Host is the kind of host, the address of its endpoint, and by what it was found, for people
	// to read: "App Service at http://localhost:8081/msi/token ($IDENTITY_ENDPOINT,
	// $IDENTITY_HEADER)".
	Host string `json:"host"`
	// Identity is the id that was asked for, "default" for the host's default identity, and "" if
	// Options.Credential decides.
	Identity string `json:"identity,omitempty"`
	// HasStore reports whether tokens are kept in Options.Store.
	HasStore bool `json:"has_store,omitempty"`
	// StoreError is why Options.Store does not work, "" while it does or there is none.
	StoreError string `json:"store_error,omitempty"`
	// Closed reports whether the client was closed. It has no tokens then.
	Closed bool `json:"closed,omitempty"`
	// Resources are those that have a token, and those that could not get one a moment ago, sorted
	// by name. The assertion of Options.Federation comes last.
	Resources []ResourceStatus `json:"resources"`
}

// ResourceStatus is the state of one token.
type ResourceStatus struct {
	Resource string `json:"resource"`
	// Identity is whose token it is if that is not Status.Identity: the managed identity's, for the
	// assertion of Options.Federation. Otherwise it is "".
	Identity string `json:"identity,omitempty"`
	// Tenant and CAE tell tokens of one resource apart, if a credential was asked for several.
	Tenant string `json:"tenant,omitempty"`
	CAE    bool   `json:"cae,omitempty"`
	// AcquiredOn and ExpiresOn are those of the token in use, zero if there has been none.
	AcquiredOn time.Time `json:"acquired_on,omitzero"`
	ExpiresOn  time.Time `json:"expires_on,omitzero"`
	// RefreshOn is when the endpoint is asked next; after failures, the next try.
	RefreshOn time.Time `json:"refresh_on,omitzero"`
	// Source is where the token came from: "endpoint", or "store" while the endpoint has not
	// returned it to this process; "" if there has been none.
	Source string `json:"source,omitempty"`
	// Unused means that nobody has used the token since it was acquired, so it is not refreshed
	// before somebody does, even if RefreshOn is earlier.
	Unused bool `json:"unused,omitempty"`
	// Failures counts what failed since the token came: background refreshes and, without a valid
	// token, the tries for callers.
	Failures int `json:"failures"`
	// LastError is why the last of them failed, "" if none did, and LastErrorOn is when.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorOn time.Time `json:"last_error_on,omitzero"`
}

// status returns the state of all entries.
func (c *cache) status() Status {
	s := Status{Resources: []ResourceStatus{}}
	if c == nil {
		s.Closed = true
		return s
	}
	s.Host, s.Identity, s.Closed = c.endpoint.host, c.endpoint.identity, c.life.Ended()
	if c.store != nil {
		s.HasStore = true
		if err := c.store.health.Err(); err != nil {
			s.StoreError = err.Error()
		}
	}
	byKey := make(map[string]ResourceStatus)
	for _, e := range c.entries() {
		if r, ok := e.status(); ok {
			byKey[e.key()] = r
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		s.Resources = append(s.Resources, byKey[key])
	}
	return s
}

// status returns the state of the entry, false if there is nothing to tell.
func (e *entry) status() (ResourceStatus, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := ResourceStatus{Resource: e.resource, Tenant: e.tenant, CAE: e.cae}
	if e.isInner {
		s.Identity = e.endpoint.identity
	}
	if e.phase == dropped || e.token == nil && e.failure.err == nil {
		return s, false
	}
	if e.token != nil {
		s.AcquiredOn, s.ExpiresOn, s.RefreshOn = e.token.token.AcquiredOn, e.token.token.ExpiresOn, utc(e.refreshOn)
		s.Source = "endpoint"
		if e.token.stored {
			s.Source = "store"
		}
		s.Unused = e.isSpent()
	}
	s.fail(e.backoff.failures, e.backoff.err, e.backoff.on)
	s.fail(e.failure.tries, e.failure.err, e.failure.on)
	return s, true
}

// fail adds failures, the last of which met err at on; nil is none.
func (s *ResourceStatus) fail(failures int, err *Error, on time.Time) {
	s.Failures += failures
	if on = utc(on); err != nil && !on.Before(s.LastErrorOn) {
		s.LastError, s.LastErrorOn = err.Error(), on
	}
}
