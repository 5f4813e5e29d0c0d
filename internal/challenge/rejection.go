// Package challenge reads what a service says in a 401: the challenges of its WWW-Authenticate header.
package challenge

import (
	"encoding/base64"
	"strings"
)

// maxLength bounds what is read of the WWW-Authenticate values of one 401. A claims challenge is below 1 KiB; a hostile
// service can send megabytes.
const maxLength = 16 << 10

// Rejection is what a 401 says about the token that was sent.
type Rejection struct {
	// WantsNewToken reports whether the service wants another bearer token, or does not say what it wants. A service
	// that asks for another scheme alone has not rejected the token, and no other token will please it.
	WantsNewToken bool
	// Claims are the decoded claims that another token must have, "" for none.
	Claims string
}

// Read returns what the WWW-Authenticate values of a 401 say. Many services send none at all, though RFC 9110 requires
// one.
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
			if c.parameters["error"] != "insufficient_claims" {
				continue
			}
			if claims, err := base64.StdEncoding.DecodeString(c.parameters["claims"]); err == nil {
				r.Claims = string(claims)
			}
		}
	}
	return r
}
