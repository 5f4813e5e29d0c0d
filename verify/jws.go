package verify

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
)

// jws is a token in the compact serialization of RFC 7515, cut into its parts and decoded by
// readJWS. Its slices are those of a scratch.
type jws struct {
	signed    string // header and payload with the dot between them, as they were sent
	kid       string
	payload   []byte
	signature []byte
}

// strict is base64url with a single spelling: without bits beyond the last byte.
var strict = base64.RawURLEncoding.Strict()

// readJWS checks the form and the header of a token. It is cheap, and asks nothing of anybody that
// the token names.
func readJWS(token string, s *scratch) (j jws, err error) {
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	// Line ends are what the decoder skips.
	if !ok || header == "" || payload == "" || signature == "" || strings.IndexByte(token, '\n') >= 0 || strings.IndexByte(token, '\r') >= 0 {
		return jws{}, errParts
	}
	s.encoded = append(s.encoded[:0], token...)
	s.decoded = s.decoded[:0]
	text, err := s.decode(0, len(header))
	if err != nil {
		return jws{}, errParts
	}
	if j.kid, err = keyID(string(text)); err != nil {
		return jws{}, err
	}
	at := len(header) + 1 + len(payload)
	if j.payload, err = s.decode(len(header)+1, at); err != nil {
		return jws{}, errParts
	}
	if j.signature, err = s.decode(at+1, len(token)); err != nil {
		return jws{}, errParts
	}
	j.signed = token[:at]
	return j, nil
}

// formError returns what is wrong with a token that cannot be one.
func formError(token string) error {
	switch dot := strings.LastIndexByte(token, '.'); {
	case len(token) > maxToken:
		return errTooLong
	case dot >= 0 && len(token)-dot-1 > maxSignature:
		return errSignature
	}
	return errParts
}

// verify checks the signature by RS256 (RFC 7518, section 3.3).
func (j jws) verify(key *rsa.PublicKey, s *scratch) error {
	digest := sha256.Sum256(s.encoded[:len(j.signed)])
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], j.signature)
}

// unverifiedTenant returns the tenant that the token claims to be of, "" if it cannot be read. It
// only tells whose keys to look at.
func (j jws) unverifiedTenant() (tenant string) {
	if err := readObject(string(j.payload), func(name, value string) {
		if name == "tid" {
			tenant, _ = unquote(value)
		}
	}); err != nil {
		return ""
	}
	return tenant
}

// scratch is room for what a verification decodes, so that it allocates little.
type scratch struct {
	encoded []byte // the token
	decoded []byte // its parts, one after the other
}

var scratches = sync.Pool{New: func() any { return &scratch{decoded: make([]byte, 0, maxToken)} }}

func newScratch() *scratch { return scratches.Get().(*scratch) }

// free puts s back for the next verification, without the token, which must not stay in memory.
func (s *scratch) free() {
	clear(s.encoded)
	clear(s.decoded)
	scratches.Put(s)
}

// decode decodes a part of the token.
func (s *scratch) decode(from, to int) ([]byte, error) {
	start := len(s.decoded)
	n, err := strict.Decode(s.decoded[start:cap(s.decoded)], s.encoded[from:to])
	s.decoded = s.decoded[:start+n]
	return s.decoded[start:], err
}
