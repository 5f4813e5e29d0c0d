package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

type tokenClaims struct {
	Expires int64 `json:"exp"`
}

// readToken takes a token apart without checking it: the checks are what is under test.
func readToken(token string) (kid string, claims tokenClaims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", tokenClaims{}, false
	}
	var header struct {
		Kid string `json:"kid"`
	}
	for i, to := range []any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, to) != nil {
			return "", tokenClaims{}, false
		}
	}
	return header.Kid, claims, true
}

// leaks says whether a text shows a secret: every JWT begins so.
func leaks(text string) bool { return strings.Contains(text, "eyJ") }
