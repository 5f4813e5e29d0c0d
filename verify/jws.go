package verify

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"sync"
)

// jws is a token in the compact serialization of RFC 7515, cut into its parts by readHeader.
type jws struct {
	signed    string // header and payload with the dot between them
	payload   string // base64url
	signature string // base64url
	kid       string
}

var errSignature = errors.New("it was not signed by this key")

// verify checks the signature by RS256 (RFC 7518, section 3.3).
func (j jws) verify(key *rsa.PublicKey, s *scratch) error {
	digest := s.sum(nil, j.signed)
	signature, err := s.decode(j.signature)
	if err != nil {
		return errSignature
	}
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
}

// unverifiedTenant returns the tenant that the token claims to be of, "" if it cannot be read. It only
// tells whose keys to look at.
func (j jws) unverifiedTenant(s *scratch) (tenant string) {
	payload, err := s.decode(j.payload)
	if err != nil || checkJSON(payload) != nil {
		return ""
	}
	if err := readObject(string(payload), func(name, value string) {
		if name == "tid" {
			tenant, _ = unquote(value)
		}
	}); err != nil {
		return ""
	}
	return tenant
}

// scratch is room for what a verification decodes and hashes, so that it allocates little.
type scratch struct{ encoded, decoded []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func newScratch() *scratch { return scratches.Get().(*scratch) }

// free puts s back for the next verification, without the token, which must not stay in memory.
func (s *scratch) free() {
	clear(s.encoded)
	clear(s.decoded)
	scratches.Put(s)
}

// sum returns the SHA-256 of prefix and text.
func (s *scratch) sum(prefix []byte, text string) [sha256.Size]byte {
	s.fill(prefix, text)
	return sha256.Sum256(s.encoded)
}

// decode decodes base64url. The result is valid until the next use of s.
func (s *scratch) decode(text string) ([]byte, error) {
	s.fill(nil, text)
	n := base64.RawURLEncoding.DecodedLen(len(text))
	if cap(s.decoded) < n {
		s.decoded = make([]byte, n)
	}
	s.decoded = s.decoded[:max(n, len(s.decoded))]
	n, err := base64.RawURLEncoding.Decode(s.decoded[:n], s.encoded[:len(text)])
	return s.decoded[:n], err
}

// fill puts prefix and text into encoded, and leaves no byte beyond its length that was used before.
func (s *scratch) fill(prefix []byte, text string) {
	clear(s.encoded)
	s.encoded = append(append(s.encoded[:0], prefix...), text...)
}
