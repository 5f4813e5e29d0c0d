package verify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// maxToken is what fits into the header fields of the common servers; a token with a thousand roles is below it.
const maxToken = 16 << 10

// What keeps a token from being looked at any further.
var (
	errTooLong   = errors.New("it is longer than 16 KiB")
	errParts     = errors.New("it is not three parts of base64url with dots between them")
	errAlgorithm = errors.New("its alg is not RS256")
	errType      = errors.New("its typ is neither JWT nor at+jwt")
	errKeyID     = errors.New("its header has no kid")
	errBringsKey = errors.New("its header brings or points to a key of its own (jwk, jku, x5u, x5c)")
	errCritical  = errors.New("its header has crit or b64, of which nothing is known here")
)

// keyID looks at the form of a token and at its header, and gives the id of the key that is said to have signed it. It is cheap,
// and nothing that the token names is asked.
func keyID(token string) (kid string, err error) {
	if len(token) > maxToken {
		return "", errTooLong
	}
	first, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || payload == "" || signature == "" || !isBase64URL(first) {
		return "", errParts
	}
	header, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil {
		return "", errParts
	}
	if kid, err = readHeader(header); err != nil {
		return "", err
	}
	if !isBase64URL(payload) || !isBase64URL(signature) {
		return "", errParts
	}
	return kid, nil
}

// readHeader reads the header.
func readHeader(header []byte) (kid string, err error) {
	var (
		alg, typ string
		found    error
	)
	err = readObject(header, func(name string, value []byte) {
		switch name {
		case "alg":
			alg, _ = unquote(value)
		case "typ":
			typ, _ = unquote(value)
		case "kid":
			kid, _ = unquote(value)
		case "jwk", "jku", "x5u", "x5c":
			found = errBringsKey
		case "crit", "b64":
			found = errCritical
		case "nonce":
			found = ErrMicrosoftAPI
		}
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("its header: %w", err)
	case alg != "RS256":
		return "", errAlgorithm
	case typ != "JWT" && typ != "at+jwt":
		return "", errType
	case found != nil:
		return "", found
	case kid == "":
		return "", errKeyID
	}
	return kid, nil
}

// isBase64URL says whether s is base64url to the letter: no padding, no white space (which the decoder skips), and no bits
// beyond the last byte, so that a token has one spelling only.
func isBase64URL(s string) bool {
	if s == "" || len(s)%4 == 1 {
		return false
	}
	var all byte // without a branch for each character: this is most of the work on a bad token
	for i := range len(s) {
		all |= sextet[s[i]]
	}
	if all > 63 {
		return false
	}
	last := sextet[s[len(s)-1]]
	switch len(s) % 4 {
	case 2:
		return last%16 == 0
	case 3:
		return last%4 == 0
	}
	return true
}

// sextet is the value of each character of base64url (RFC 4648, section 5), and 64 for all others.
var sextet = func() (table [256]byte) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range table {
		table[i] = byte(min(64, uint(strings.IndexByte(alphabet, byte(i)))))
	}
	return table
}()
