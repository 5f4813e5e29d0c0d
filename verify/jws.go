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

// readJWS checks the form and the header of a token. It is cheap, and sends no request to anything
// that the token names.
//
// known is a header that was read before, or nil.
func readJWS(token string, known *knownHeader, s *scratch) (j jws, err error) {
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	// Line ends are what the decoder skips.
	if !ok || header == "" || payload == "" || signature == "" || strings.IndexByte(token, '\n') >= 0 || strings.IndexByte(token, '\r') >= 0 {
		return jws{}, errParts
	}
	s.encoded = append(s.encoded[:0], token...)
	s.decoded = s.decoded[:0]
	if known != nil && known.encoded == header {
		j.kid = known.kid
	} else if j.kid, err = s.keyID(len(header)); err != nil {
		return jws{}, err
	}
	at := len(header) + 1 + len(payload)
	if j.payload, err = s.decode(len(header)+1, at); err != nil {
		return jws{}, errParts
	}
	s.signed, s.plain = at, len(s.decoded)
	if j.signature, err = s.decode(at+1, len(token)); err != nil {
		return jws{}, errParts
	}
	j.signed = token[:at]
	return j, nil
}

// knownHeader is a header that was read, and its kid. All tokens by one key have the same.
type knownHeader struct{ encoded, kid string }

// header returns the header of the token.
func (j jws) header() *knownHeader {
	encoded, _, _ := strings.Cut(j.signed, ".")
	return &knownHeader{strings.Clone(encoded), strings.Clone(j.kid)}
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
// only shows whose keys to look at.
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
	signed  int    // bytes of encoded before the signature, 0 where it is not known
	plain   int    // bytes of decoded before it
}

var scratches = sync.Pool{New: func() any { return &scratch{decoded: make([]byte, 0, maxToken)} }}

func newScratch() *scratch { return scratches.Get().(*scratch) }

// free puts s back for the next verification. The signature must not stay in memory: without it the
// rest of a token is useless.
func (s *scratch) free() {
	clear(s.encoded[min(s.signed, len(s.encoded)):])
	clear(s.decoded[min(s.plain, len(s.decoded)):])
	s.signed, s.plain = 0, 0
	scratches.Put(s)
}

// keyID reads the header, which is the first n bytes of the token.
func (s *scratch) keyID(n int) (string, error) {
	header, err := s.decode(0, n)
	if err != nil {
		return "", errParts
	}
	return keyID(string(header))
}

// decode decodes a part of the token.
func (s *scratch) decode(from, to int) ([]byte, error) {
	start := len(s.decoded)
	n, err := strict.Decode(s.decoded[start:cap(s.decoded)], s.encoded[from:to])
	s.decoded = s.decoded[:start+n]
	return s.decoded[start:], err
}
