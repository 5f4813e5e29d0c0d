package verify

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

// Status is the state of the keys of a [Verifier]. With several tenants it is that of the tenant
// that is worst off among those that have keys; see Tenants for each.
type Status struct {
	// KeySource is where the keys are from: "entra", "key file", or "" if there are none.
	KeySource string `json:"key_source"`
	// Keys is how many there are.
	Keys int `json:"keys"`
	// FetchedOn is when they were fetched, and ExpireOn is when they expire if no fetch succeeds.
	FetchedOn time.Time `json:"fetched_on,omitzero"`
	ExpireOn  time.Time `json:"expire_on,omitzero"`
	// NextFetchOn is when they are fetched next, zero before the first token comes.
	NextFetchOn time.Time `json:"next_fetch_on,omitzero"`
	// LastError is why the newest fetch failed, "" if it worked, and LastErrorOn is when.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorOn time.Time `json:"last_error_on,omitzero"`
	// Tenants is the state of the keys of each tenant, by its id. It is nil if all tenants have the
	// same keys, and before the first token comes.
	Tenants map[string]Status `json:"tenants,omitempty"`
	// Closed reports whether the verifier was closed.
	Closed bool `json:"closed,omitempty"`
}

// Sources of keys in a Status.
const (
	fromEntra = "entra"
	fromFile  = "key file"
)

// Status returns where the keys are from, how old they are, and what went wrong with them last. It
// waits for nothing.
func (v *Verifier) Status() Status {
	if v == nil || v.keys == nil {
		return Status{}
	}
	return v.keys.status(time.Now())
}

func (r *keyring) status(now time.Time) Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Status{Closed: r.closed.Load()}
	for _, d := range r.documents {
		of := d.status(now)
		s.worsen(of)
		if len(r.documents) > 1 && r.started.Load() {
			if s.Tenants == nil {
				s.Tenants = map[string]Status{}
			}
			s.Tenants[d.tenant] = of
		}
	}
	for _, k := range *r.keys.Load() { // tenants share keys
		if clock.Until(now, k.until) > 0 {
			s.Keys++
		}
	}
	return s
}

// status returns the state of the keys of one document. It is called with the mutex held.
func (d *document) status(now time.Time) (s Status) {
	if d.state.usable(now) {
		s.KeySource, s.Keys = fromEntra, len(d.held)
		if d.state.saved {
			s.KeySource = fromFile
		}
		s.FetchedOn, s.ExpireOn = utc(d.state.fetched), utc(d.state.fetched.Add(keepFor))
	}
	if d.state.phase != idle {
		s.NextFetchOn = utc(latest(d.due, now))
	}
	if d.lastErr != nil {
		s.LastError, s.LastErrorOn = d.lastErr.Error(), utc(d.state.tried)
	}
	return s
}

// worsen makes s the worse of both states. It does not add the number of keys, which already counts
// all.
func (s *Status) worsen(other Status) {
	if other.KeySource != "" && s.KeySource != fromFile {
		s.KeySource = other.KeySource
	}
	s.FetchedOn, s.ExpireOn = earlier(s.FetchedOn, other.FetchedOn), earlier(s.ExpireOn, other.ExpireOn)
	s.NextFetchOn = earlier(s.NextFetchOn, other.NextFetchOn)
	if other.LastError != "" && s.LastErrorOn.Before(other.LastErrorOn) {
		s.LastError, s.LastErrorOn = other.LastError, other.LastErrorOn
	}
}

// earlier returns the earlier of two times, ignoring a zero one.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// latest returns the later of two times.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// utc returns a time in the form for people.
func utc(t time.Time) time.Time { return t.Round(0).UTC() }
