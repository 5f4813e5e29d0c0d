package verify

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

// Status is what a [Verifier] has to check tokens with. With several tenants it is that of the one
// that is worst off. It is zero before the first token and after Close.
type Status struct {
	// KeySource is where the keys are from: "entra", "key file", or "" if there are none.
	KeySource string `json:"key_source"`
	// Keys is how many there are.
	Keys int `json:"keys"`
	// FetchedOn is when they were fetched, and ExpireOn is until when they serve if no fetch works.
	FetchedOn time.Time `json:"fetched_on,omitzero"`
	ExpireOn  time.Time `json:"expire_on,omitzero"`
	// NextFetchOn is when they are fetched next, zero before the first token comes.
	NextFetchOn time.Time `json:"next_fetch_on,omitzero"`
	// LastError is why the newest fetch failed, "" if it worked, and LastErrorOn is when.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorOn time.Time `json:"last_error_on,omitzero"`
}

// Sources of keys in a Status.
const (
	fromEntra = "entra"
	fromFile  = "key file"
)

// Status returns where the keys are from, how old they are, and what went wrong with them last. It
// waits for nothing.
func (v *Verifier) Status() Status {
	if v == nil || v.keys == nil || v.keys.closed.Load() {
		return Status{}
	}
	return v.keys.status(time.Now())
}

func (r *keyring) status(now time.Time) (s Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range *r.keys.Load() {
		if clock.Until(now, k.until) > 0 {
			s.Keys++
		}
	}
	for _, d := range r.documents {
		if d.state.usable(now) {
			if s.KeySource != fromFile {
				s.KeySource = map[bool]string{true: fromFile, false: fromEntra}[d.state.saved]
			}
			s.FetchedOn = earlier(s.FetchedOn, d.state.fetched)
			s.ExpireOn = earlier(s.ExpireOn, d.state.fetched.Add(keepFor))
		}
		if d.state.phase != idle {
			s.NextFetchOn = earlier(s.NextFetchOn, latest(d.due, now))
		}
		if d.lastErr != nil && s.LastErrorOn.Before(d.state.tried) {
			s.LastError, s.LastErrorOn = d.lastErr.Error(), d.state.tried.Round(0).UTC()
		}
	}
	return s
}

// earlier returns the earlier of two times, of which a zero one does not count, as a person reads
// it.
func earlier(a, b time.Time) time.Time {
	b = b.Round(0).UTC()
	if a.IsZero() || b.Before(a) {
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
