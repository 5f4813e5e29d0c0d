package verify

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
)

const (
	// minBits is what NIST SP 800-131A still allows; Entra's keys have 2048.
	minBits = 2048
	// maxBits bounds the work of one verification.
	maxBits = 8192
	// maxKeys bounds the keys that a service holds for one document. Entra's has about ten.
	maxKeys = 1000
	// maxElements bounds the work on a document of junk.
	maxElements = 10 * maxKeys
)

var errNoKeys = errors.New("the key document has no usable key")

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

// readKeys reads a JWKS (RFC 7517). Keys of other kinds and weak ones are not used, and a set
// without a usable key is an error: an empty one must not take the place of a good one.
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
			key = nil // it is unclear which of the two is meant
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

// readKey reads a JWK. It returns no id for what is not an object with one, and no key for one that
// is not to be used.
func readKey(element string) (id string, key *signingKey) {
	var (
		kty, use, alg, n, e string
		o                   keyOrigin
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
	return id, &signingKey{public: public, origins: []keyOrigin{o}}
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
