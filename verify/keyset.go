package verify

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

const (
	// minBits is what NIST SP 800-131A still allows; Entra's keys have 2048.
	minBits = 2048
	// maxBits bounds the work of one verification.
	maxBits = 8192
)

var errNoKeys = errors.New("the key document has no usable key")

// signingKey is a key that Entra signs with. It does not change; a key that is published unchanged is the same pointer.
type signingKey struct {
	public *rsa.PublicKey
	// issuer is whose tokens the key signs, perhaps with {tenantid} in it; "" for any.
	issuer string
}

// keySet is what Entra published at one time. It does not change.
type keySet struct {
	keys    map[string]*signingKey // by kid
	fetched time.Time
	jwks    []byte // as it was published
}

// jsonKey is a member of a JWKS (RFC 7517) with Entra's own member issuer.
type jsonKey struct {
	Type       string   `json:"kty"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	ID         string   `json:"kid"`
	N          string   `json:"n"`
	E          string   `json:"e"`
	Issuer     string   `json:"issuer"`
}

// readKeys reads a JWKS. Keys of other kinds and weak ones are left out, and a set without a usable key is an error: an empty
// one must not take the place of a good one. Keys that previous has too stay the same.
func readKeys(jwks []byte, fetched time.Time, previous *keySet) (*keySet, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(jwks, &document); err != nil {
		return nil, errNoKeys
	}
	set := &keySet{keys: map[string]*signingKey{}, fetched: fetched, jwks: jwks}
	twice := map[string]bool{}
	for _, raw := range document.Keys {
		var k jsonKey
		if json.Unmarshal(raw, &k) != nil || k.ID == "" {
			continue
		}
		if twice[k.ID] {
			delete(set.keys, k.ID) // which of the two is meant cannot be told
			continue
		}
		twice[k.ID] = true
		if key := k.read(); key != nil {
			set.keys[k.ID] = previous.same(k.ID, key)
		}
	}
	if len(set.keys) == 0 {
		return nil, errNoKeys
	}
	return set, nil
}

// read gives the key, nil if it is not to be used.
func (k jsonKey) read() *signingKey {
	if k.Type != "RSA" || k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != "RS256" ||
		k.Operations != nil && !slices.Contains(k.Operations, "verify") {
		return nil
	}
	n, err := base64.RawURLEncoding.DecodeString(k.N)
	if err != nil {
		return nil
	}
	e, err := base64.RawURLEncoding.DecodeString(k.E)
	if err != nil {
		return nil
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minBits || bits > maxBits || modulus.Bit(0) == 0 {
		return nil
	}
	if exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return nil
	}
	return &signingKey{public: &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, issuer: k.Issuer}
}

// same gives the key that s has under kid if it is the same as key, and else key.
func (s *keySet) same(kid string, key *signingKey) *signingKey {
	if s == nil {
		return key
	}
	if old := s.keys[kid]; old != nil && old.issuer == key.issuer && old.public.Equal(key.public) {
		return old
	}
	return key
}
