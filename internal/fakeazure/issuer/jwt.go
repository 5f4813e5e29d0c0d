package issuer

import (
	"cmp"
	"crypto/rsa"
	"encoding/json"
	"fmt"
)

// JWT is a token before it is signed.
type JWT struct {
	Header map[string]any // typ, alg, kid and x5t

	// Claims are strings, except for the int64 iat, nbf, exp and xms_tcdt, and the []string roles.
	Claims map[string]any

	// RawHeader and Payload are signed as they are, in place of Header and Claims. Nil: those as
	// JSON.
	RawHeader, Payload []byte

	// Key signs the token; the header still names the issuer's key. Nil: the key that signs now.
	Key *rsa.PrivateKey
}

func (k *signingKey) header() map[string]any {
	return map[string]any{"typ": "JWT", "alg": "RS256", "kid": k.id, "x5t": k.id}
}

func (k *signingKey) token(j JWT) (string, error) {
	header, err := rawOr(j.RawHeader, j.Header)
	if err != nil {
		return "", err
	}
	payload, err := rawOr(j.Payload, j.Claims)
	if err != nil {
		return "", err
	}
	token, err := sign(cmp.Or(j.Key, k.private), header, payload)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return token, nil
}

// rawOr returns raw, or members as JSON if there is none.
func rawOr(raw []byte, members map[string]any) ([]byte, error) {
	if raw != nil {
		return raw, nil
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil, fmt.Errorf("a token as JSON: %w", err)
	}
	return text, nil
}
