package imdstest

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"sync"
)

// A keyring is the keys of one server, which changes them under the feet of no other. The first is made when it is first
// needed.
type keyring struct {
	mu        sync.Mutex
	made      int               // so many keys this server has had
	published keySet            // oldest first
	signs     int               // the index in published of the key that signs
	extra     []json.RawMessage // members of the key document that the test made
}

// RotateKey lets another key sign from now on: the next that [Server.PublishKey] published ahead, or else a new one. The
// keys before it stay published. Tokens that the platform keeps are given out as they are, see [Options.MintAfter].
//
// The first use of a key in a process makes it, which takes a good part of a second of real time; the servers of a
// process share their keys.
func (s *Server) RotateKey() {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.fill()
	s.keys.signs++
	s.keys.fill()
}

// PublishKey publishes a new key ahead of its use, as Entra does.
func (s *Server) PublishKey() {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.fill()
	s.keys.add()
}

// WithdrawKeys lets only the key that signs now be published. The others never come back, not even those that were
// published ahead or by [Server.Publish].
func (s *Server) WithdrawKeys() {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.fill()
	s.keys.published, s.keys.signs = keySet{s.keys.published[s.keys.signs]}, 0
	s.keys.extra = nil
}

// Publish adds a key of the test's own to the key documents, as it is and behind the server's. [JWK] has its usual members,
// and [JWT] signs with it. Publish panics if the key cannot be written as JSON.
func (s *Server) Publish(jwk map[string]any) {
	raw, err := json.Marshal(jwk)
	if err != nil {
		panic(fmt.Sprintf("imdstest: a key as JSON: %v", err))
	}
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	s.keys.extra = append(s.keys.extra, raw)
}

// JWK returns a public key in the form of RFC 7517, with the members kty, use, kid, n and e. A test of what a service
// makes of odd keys changes them before it calls [Server.Publish].
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
	r.published = append(r.published[:len(r.published):len(r.published)], sharedKey(r.made)) // readers have the old ones
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
