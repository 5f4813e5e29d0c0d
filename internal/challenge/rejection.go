// Package challenge reads what a service says in a 401: the challenges of its WWW-Authenticate
// header.
package challenge

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// maxLength bounds what is read of the WWW-Authenticate values of one 401. A claims challenge is
// below 1 KiB; a hostile service can send megabytes.
const maxLength = 16 << 10

// Rejection is what a 401 says about the token that was sent.
type Rejection struct {
	// WantsNewToken reports whether the service wants another bearer token, or does not say what it
	// wants. A service that asks only for another scheme has not rejected the token, and will not
	// accept another token either.
	WantsNewToken bool
	// Claims are the decoded claims that another token must have, "" for none.
	Claims string
}

// Read returns what the WWW-Authenticate values of a 401 say. Many services send none at all,
// though RFC 9110 requires one.
//
// Claims challenges: https://learn.microsoft.com/entra/identity-platform/claims-challenge
func Read(values []string) Rejection {
	r := Rejection{WantsNewToken: len(values) == 0}
	room := maxLength
	for _, v := range values {
		if room -= len(v); room < 0 {
			break
		}
		for _, c := range parse(v) {
			if !strings.EqualFold(c.scheme, "Bearer") {
				continue
			}
			r.WantsNewToken = true
			if !strings.EqualFold(c.parameters["error"], "insufficient_claims") {
				continue
			}
			if claims := decode(c.parameters["claims"]); claims != "" {
				r.Claims = claims
			}
		}
	}
	return r
}

// toStandard maps the alphabet of base64url to that of base64.
var toStandard = strings.NewReplacer("-", "+", "_", "/")

// decode returns the claims of a challenge, a JSON object, and "" if value holds none: anything
// else could not be requested. Services write them in either alphabet of base64, padded or not, and
// some as they are.
func decode(value string) string {
	claims := strings.Trim(value, "' \t")
	if !strings.HasPrefix(claims, "{") {
		decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(toStandard.Replace(claims), "="))
		if err != nil {
			return ""
		}
		claims = string(decoded)
	}
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(claims), &object) != nil || object == nil {
		return ""
	}
	return claims
}
