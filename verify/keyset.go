package verify

import (
	"crypto/rsa"
	"slices"
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

// signingKey is a key that Entra signs with. It does not change, and a key that is published
// unchanged is the same pointer.
type signingKey struct {
	public  *rsa.PublicKey
	origins []keyOrigin // whose tokens it signs; at least one
}

// keyOrigin is what a published key says about its owner.
type keyOrigin struct {
	issuer string // perhaps with {tenantid} in it; "": any
	cloud  string // cloud_instance_name; "": not said
}

func (o keyOrigin) String() string {
	if o.cloud == "" {
		return quoted(o.issuer)
	}
	return quoted(o.issuer) + " in the cloud " + quoted(o.cloud)
}

// maySign reports whether k may sign tokens of tenant.
func (k *signingKey) maySign(i issuers, tenant string) bool {
	return slices.ContainsFunc(k.origins, func(o keyOrigin) bool { return i.maySign(o, tenant) })
}

// sameAs reports whether k and other are the same key, published for the same issuers.
func (k *signingKey) sameAs(other *signingKey) bool {
	return k.public.Equal(other.public) && len(k.origins) == len(other.origins) &&
		!slices.ContainsFunc(k.origins, func(o keyOrigin) bool { return !slices.Contains(other.origins, o) })
}

// with returns k for the issuers of other as well, which has the same material.
func (k *signingKey) with(other *signingKey) *signingKey {
	both := &signingKey{public: k.public, origins: slices.Clone(k.origins)}
	for _, o := range other.origins {
		if !slices.Contains(both.origins, o) {
			both.origins = append(both.origins, o)
		}
	}
	return both
}

// keySet are the keys of all documents. It does not change.
type keySet map[string]servingKey

// servingKey is a key, and until when it may serve.
type servingKey struct {
	key   *signingKey
	until time.Time
}

// find returns the key of an id that may serve now, nil if there is none.
func (s keySet) find(id string, now time.Time) *signingKey {
	if k, ok := s[id]; ok && clock.Until(now, k.until) > 0 {
		return k.key
	}
	return nil
}

// add adds the keys of a document that serve until some time. Of two keys under one id that differ,
// the one of the fresher document counts; where only the issuers differ, all of them do. previous
// has the pointers to keep.
func (s keySet) add(h held, end time.Time, previous keySet) {
	for id, k := range h {
		key, ok := s[id]
		switch {
		case !ok || !key.key.public.Equal(k.key.public):
			if !ok || key.until.Before(end) {
				s[id] = servingKey{k.key, end}
			}
			continue
		case !key.key.sameAs(k.key):
			both := key.key.with(k.key)
			if old, ok := previous[id]; ok && old.key.sameAs(both) {
				both = old.key
			}
			key.key = both
		}
		if key.until.Before(end) {
			key.until = end
		}
		s[id] = key
	}
}
