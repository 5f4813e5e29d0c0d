package statuspage

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/wire"
	"github.com/seed-ac726066/aztoken/verify"
)

// Report is the JSON form of the page, from which the HTML form is made.
type Report struct {
	Title string    `json:"title"`
	Time  time.Time `json:"time"`
	// Level is the worst level of what follows.
	Level    Level          `json:"level"`
	Clients  []ClientReport `json:"clients"`
	Verifier *KeyReport     `json:"verifier,omitempty"`
}

// ClientReport is the state of a client, with its resources from the worst to the best.
type ClientReport struct {
	Name string `json:"name,omitempty"`
	aztoken.Status
	Level     Level         `json:"level"`
	Resources []TokenReport `json:"resources"`
}

// TokenReport is the state of one token.
type TokenReport struct {
	aztoken.ResourceStatus
	State     State   `json:"state"`
	CoverLeft Seconds `json:"cover_left_seconds"`
}

// KeyReport is the state of the keys of a verifier, or of one of its tenants.
type KeyReport struct {
	verify.Status
	State     State                `json:"state"`
	CoverLeft Seconds              `json:"cover_left_seconds"`
	Tenants   map[string]KeyReport `json:"tenants,omitempty"`
}

// Seconds are whole ones, rounded down.
type Seconds int64

// Duration returns them as a duration.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

func seconds(d time.Duration) Seconds { return Seconds(d / time.Second) }

// newReport returns the state at now of a subject.
func newReport(s Subject, now time.Time) Report {
	r := Report{Title: s.Title, Time: now.UTC(), Level: OK, Clients: []ClientReport{}}
	if s.Clients != nil {
		for _, c := range s.Clients() {
			of := newClientReport(c.Name, c.Client.Status(), now)
			r.Level = worse(r.Level, of.Level)
			r.Clients = append(r.Clients, of)
		}
	}
	if s.Verifier != nil {
		keys := newKeyReport(s.Verifier().Status(), now)
		r.Verifier, r.Level = &keys, worse(r.Level, keys.level())
	}
	return r
}

func newClientReport(name string, s aztoken.Status, now time.Time) ClientReport {
	c := ClientReport{Name: name, Status: s, Level: OK, Resources: []TokenReport{}}
	if s.Closed {
		c.Level = Closed.Level()
	}
	if s.StoreError != "" {
		c.Level = Warning // a restart would find no token
	}
	for _, r := range s.Resources {
		r.Resource, r.Tenant = wire.Redact(r.Resource), wire.Redact(r.Tenant) // a caller may mistake a token for a resource
		t := TokenReport{ResourceStatus: r, State: tokenState(r, now), CoverLeft: seconds(left(r.ExpiresOn, now))}
		c.Level = worse(c.Level, t.State.Level())
		c.Resources = append(c.Resources, t)
	}
	slices.SortStableFunc(c.Resources, func(a, b TokenReport) int {
		return cmp.Compare(b.State.Level().rank(), a.State.Level().rank())
	})
	return c
}

func newKeyReport(s verify.Status, now time.Time) KeyReport {
	k := KeyReport{Status: s, State: keyState(s, now), CoverLeft: seconds(left(s.ExpireOn, now))}
	for tenant, of := range s.Tenants {
		if k.Tenants == nil {
			k.Tenants = map[string]KeyReport{}
		}
		of.Closed = s.Closed
		k.Tenants[tenant] = newKeyReport(of, now)
	}
	return k
}

// level returns the worst level of the keys of all tenants.
func (k KeyReport) level() Level {
	l := k.State.Level()
	for _, of := range k.Tenants {
		l = worse(l, of.level())
	}
	return l
}

// byTenant returns the keys of each tenant, by its id; a verifier's own, by "", where all tenants
// have the same.
func (k KeyReport) byTenant() (tenants []string, of map[string]KeyReport) {
	if len(k.Tenants) == 0 {
		return []string{""}, map[string]KeyReport{"": k}
	}
	return slices.Sorted(maps.Keys(k.Tenants)), k.Tenants
}
