package verify

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"time"
)

const (
	// minBits is what NIST SP 800-131A still allows; Entra's keys have 2048.
	minBits = 2048
	// maxBits bounds the work of one verification.
	maxBits = 8192
	// maxKeys bounds what one document may make a service hold. Entra's has about ten.
	maxKeys = 1000
	// maxElements bounds the work on a document of junk.
	maxElements = 10 * maxKeys
)

var errNoKeys = errors.New("the key document has no usable key")

// signingKey is a key that Entra signs with. It does not change, and a key that is published unchanged
// is the same pointer.
type signingKey struct {
	public  *rsa.PublicKey
	origins []origin // whose tokens it signs; at least one
}

// origin is what a published key says of whose it is.
type origin struct {
	issuer string // perhaps with {tenantid} in it; "": any
	cloud  string // cloud_instance_name; "": not said
}

func (o origin) String() string {
	if o.cloud == "" {
		return quoted(o.issuer)
	}
	return quoted(o.issuer) + " in the cloud " + quoted(o.cloud)
}

// maySign reports whether k may sign tokens of tenant.
func (k *signingKey) maySign(i issuers, tenant string) bool {
	return slices.ContainsFunc(k.origins, func(o origin) bool { return i.maySign(o, tenant) })
}

// sameAs reports whether k and other are the same key, published for the same issuers.
func (k *signingKey) sameAs(other *signingKey) bool {
	return k.public.Equal(other.public) && len(k.origins) == len(other.origins) &&
		!slices.ContainsFunc(k.origins, func(o origin) bool { return !slices.Contains(other.origins, o) })
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

// answer is what a key document says: under each id a key, or nil for a key that is not to be used.
type answer map[string]*signingKey

// usable returns the number of keys that can be used.
func (a answer) usable() (n int) {
	for _, key := range a {
		if key != nil {
			n++
		}
	}
	return n
}

// readKeys reads a JWKS (RFC 7517). Keys of other kinds and weak ones are not used, and a set without a
// usable key is an error: an empty one must not take the place of a good one.
func readKeys(jwks []byte) (answer, error) {
	keys := ""
	if err := readObject(string(jwks), func(name, value string) {
		if name == "keys" {
			keys = value
		}
	}); err != nil {
		return nil, errNoKeys
	}
	all, usable, looked := answer{}, 0, 0
	elements(keys, func(element string) bool {
		looked++
		id, key := readKey(element)
		if id == "" {
			return looked < maxElements
		}
		old, twice := all[id]
		switch {
		case !twice:
		case old == nil || key == nil || !old.public.Equal(key.public):
			key = nil // which of the two is meant cannot be told
		default:
			key = old.with(key)
		}
		if usable = usable + btoi(key != nil) - btoi(old != nil); usable > maxKeys {
			return false
		}
		all[id] = key
		return looked < maxElements
	})
	if usable == 0 {
		return nil, errNoKeys
	}
	return all, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// readKey reads a JWK. It returns no id for what is not an object with one, and no key for one that is
// not to be used.
func readKey(element string) (id string, key *signingKey) {
	var (
		kty, use, alg, n, e string
		o                   origin
	)
	ok := true
	text := func(value string) string {
		s, isText := unquote(value)
		ok = ok && (isText || value == "null")
		return s
	}
	err := readObject(element, func(name, value string) {
		switch name {
		case "kty":
			kty = text(value)
		case "use":
			use = text(value)
		case "alg":
			alg = text(value)
		case "kid":
			id = text(value)
		case "n":
			n = text(value)
		case "e":
			e = text(value)
		case "issuer":
			o.issuer = text(value)
		case "cloud_instance_name":
			o.cloud = text(value)
		case "key_ops":
			ok = ok && (value == "null" || contains(value, "verify"))
		}
	})
	if err != nil || !ok || kty != "RSA" || use != "" && use != "sig" || alg != "" && alg != "RS256" {
		return id, nil
	}
	public := readRSA(n, e)
	if public == nil {
		return id, nil
	}
	return id, &signingKey{public: public, origins: []origin{o}}
}

// contains reports whether value is an array of strings of which one is want.
func contains(value, want string) (found bool) {
	texts := true
	array := elements(value, func(element string) bool {
		s, ok := unquote(element)
		texts, found = ok, found || ok && s == want
		return ok
	})
	return array && texts && found
}

// readRSA returns the key of a modulus and an exponent, nil if it is weak or too large.
func readRSA(n, e string) *rsa.PublicKey {
	if len(n) > 2*maxBits/8 || len(e) > 2*maxBits/8 {
		return nil
	}
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		return nil
	}
	exponent, err := base64.RawURLEncoding.DecodeString(e)
	if err != nil {
		return nil
	}
	m, x := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if bits := m.BitLen(); bits < minBits || bits > maxBits || m.Bit(0) == 0 {
		return nil
	}
	if x.BitLen() > 31 || x.Int64() < 3 || x.Bit(0) == 0 {
		return nil
	}
	return &rsa.PublicKey{N: m, E: int(x.Int64())}
}

// held are the keys of one document as they serve, by their id.
type held map[string]heldKey

// heldKey is a key, and since when the answers lack it.
type heldKey struct {
	key    *signingKey
	absent absence
}

// absence is how long a key has been missing from the answers. Zero: it is in the newest.
//
// Entra's documents come from several servers, which differ for hours during a rollover: a key that
// one of them lacks still signs tokens.
type absence struct {
	Since   time.Time `json:"since"`   // the first answer without the key
	Answers int       `json:"answers"` // without it in a row
}

const (
	// A key is dropped when no answer of a whole hour, ten at least, has had it.
	absentFor     = time.Hour
	absentAnswers = 10
)

// over reports whether a key that has been missing so long is dropped.
func (a absence) over(now time.Time) bool {
	return a.Answers >= absentAnswers && now.Sub(a.Since) >= absentFor
}

// after returns what is held after an answer. A key that is new serves at once, one with other material
// or of no use replaces the old one at once, and one that is missing serves on until its absence is over.
func (h held) after(a answer, now time.Time) held {
	next := make(held, len(a))
	for id, key := range a {
		if key == nil {
			continue
		}
		if old, ok := h[id]; ok && old.key.sameAs(key) {
			key = old.key
		}
		next[id] = heldKey{key: key}
	}
	for id, old := range h {
		if _, named := a[id]; named {
			continue
		}
		if old.absent.Answers++; old.absent.Answers == 1 {
			old.absent.Since = now
		}
		if !old.absent.over(now) && len(next) < maxKeys {
			next[id] = old
		}
	}
	return next
}

// lacking reports whether the newest answer lacks a key that is held.
func (h held) lacking() bool {
	for _, k := range h {
		if k.absent.Answers > 0 {
			return true
		}
	}
	return false
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
	if k, ok := s[id]; ok && until(now, k.until) > 0 {
		return k.key
	}
	return nil
}

// add adds the keys of a document that serve until some time. Of two keys under one id that differ, the
// one of the fresher document counts; where only the issuers differ, all of them do. previous has the
// pointers to keep.
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
