package issuer

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
)

// A keyring has the keys of one server, which can change them without affecting other servers. The
// first is made when it is first needed.
type keyring struct {
	mu        sync.Mutex        // guards what follows
	made      int               // how many keys this server has had
	published keySet            // oldest first
	signs     int               // the index in published of the key that signs
	extra     []json.RawMessage // members of the key document that the test made
}

// rotate makes another key sign: the next one that was published in advance, or else a new one. The
// keys before it stay published.
func (r *keyring) rotate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fill()
	r.signs++
	r.fill()
}

// publish publishes a new key before its first use.
func (r *keyring) publish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fill()
	r.add()
}

// withdraw removes all published keys but the one that signs now.
func (r *keyring) withdraw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fill()
	r.published, r.signs, r.extra = keySet{r.published[r.signs]}, 0, nil
}

// publishExtra adds a member to the key documents as it is.
func (r *keyring) publishExtra(jwk map[string]any) error {
	raw, err := json.Marshal(jwk)
	if err != nil {
		return fmt.Errorf("a key as JSON: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.extra = append(r.extra, raw)
	return nil
}

// JWK returns a public key in the form of RFC 7517, with the members kty, use, kid, n and e.
func JWK(kid string, key *rsa.PublicKey) map[string]any {
	return map[string]any{
		"kty": "RSA",
		"use": "sig",
		"kid": kid,
		"n":   base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e":   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
}

// fill adds keys until there is one to sign with.
func (r *keyring) fill() {
	for len(r.published) <= r.signs {
		r.add()
	}
}

func (r *keyring) add() {
	// Append to a copy, because readers have the old slice.
	r.published = append(r.published[:len(r.published):len(r.published)], sharedKey(r.made))
	r.made++
}

// signing returns the key that signs now.
func (r *keyring) signing() *signingKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fill()
	return r.published[r.signs]
}

// signers returns the server's keys that are published.
func (r *keyring) signers() keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fill()
	return r.published
}

// all returns every key that this server has had.
func (r *keyring) all() keySet {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fill()
	keys := make(keySet, r.made)
	for n := range keys {
		keys[n] = sharedKey(n)
	}
	return keys
}

// document returns what is published as a JWKS.
func (r *keyring) document(issuer string) any {
	members := r.signers().publish(issuer)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, raw := range r.extra {
		members = append(members, raw)
	}
	return map[string]any{"keys": members}
}
