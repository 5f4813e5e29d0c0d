package verify

import (
	"errors"
	"fmt"
	"strings"
)

// maxToken is what fits into the header fields of the common servers; a token with a thousand roles
// is below it.
const maxToken = 16 << 10

// What a token is refused for before anything is decrypted or asked for.
var (
	errTooLong   = errors.New("it is longer than 16 KiB")
	errParts     = errors.New("it is not three parts of base64url separated by dots")
	errAlgorithm = errors.New("its alg is not RS256")
	errType      = errors.New("its typ is neither JWT nor at+jwt")
	errKeyID     = errors.New("its header has no kid")
	errBringsKey = errors.New("its header contains or points to a key of its own (jwk, jku, x5u, x5c)")
	errCritical  = errors.New("its header has crit or b64, which is not supported")
	errNonce     = errors.New("its header has a nonce")
)

// readHeader checks the form and the header of a token, with scratch to decode into. It is cheap,
// and asks nothing of anybody that the token names.
func readHeader(token string, scratch *scratch) (j jws, err error) {
	if len(token) > maxToken {
		return jws{}, errTooLong
	}
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || !isBase64URL(header) || !isBase64URL(payload) || !isBase64URL(signature) {
		return jws{}, errParts
	}
	text, err := scratch.decode(header)
	if err != nil {
		return jws{}, errParts
	}
	kid, err := keyID(text)
	if err != nil {
		return jws{}, err
	}
	return jws{signed: token[:len(token)-len(signature)-1], payload: payload, signature: signature, kid: kid}, nil
}

// keyID checks a JOSE header and returns the id of the key that is said to have signed the token.
func keyID(header []byte) (kid string, err error) {
	var (
		alg, typ string
		found    error
	)
	if err := checkJSON(header); err != nil {
		return "", fmt.Errorf("its header: %w", err)
	}
	err = readObject(string(header), func(name, value string) {
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
			found = errNonce
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

// isBase64URL reports whether s is base64url with a single spelling: no padding, no white space
// (which the decoder skips), and no bits beyond the last byte.
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
