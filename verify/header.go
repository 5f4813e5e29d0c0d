package verify

import (
	"errors"
	"fmt"
)

// maxToken is what fits into the header fields of the common servers; a token with a thousand roles
// is below it.
const maxToken = 16 << 10

// What a token is refused for before its signature is checked, or a key is asked for.
var (
	errTooLong   = errors.New("it is longer than 16 KiB")
	errParts     = errors.New("it is not three parts of base64url separated by dots")
	errSignature = errors.New("its signature is longer than that of any key that is accepted")
	errAlgorithm = errors.New("its alg is not RS256")
	errType      = errors.New("its typ is neither JWT nor at+jwt")
	errKeyID     = errors.New("its header has no kid")
	errBringsKey = errors.New("its header contains or points to a key of its own (jwk, jku, x5u, x5c)")
	errCritical  = errors.New("its header has crit or b64, which is not supported")
	errNonce     = errors.New("its header has a nonce")
)

// keyID checks a JOSE header and returns the id of the key that is said to have signed the token.
func keyID(header string) (kid string, err error) {
	var (
		alg, typ string
		found    error
	)
	err = readObject(header, func(name, value string) {
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
