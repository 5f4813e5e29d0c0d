package wire

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// JWTClaims are the claims of a token in the compact form of RFC 7519, read without any check; false if it is none. Names
// keep their case, which a struct of encoding/json would fold: Roles is not roles.
func JWTClaims(token string) (claims map[string]json.RawMessage, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	err = json.Unmarshal(payload, &claims)
	return claims, err == nil && claims != nil // a JSON null leaves the map nil without an error
}
