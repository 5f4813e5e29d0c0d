package rules

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Token is what a token says about itself.
type Token struct {
	KeyID   string
	Expires time.Time
}

// ReadToken takes a token apart without checking it: the checks are what is under test.
func ReadToken(token string) (t Token, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Token{}, false
	}
	var header struct {
		KeyID string `json:"kid"`
	}
	var claims struct {
		Expires int64 `json:"exp"`
	}
	for i, to := range []any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, to) != nil {
			return Token{}, false
		}
	}
	return Token{header.KeyID, time.Unix(claims.Expires, 0)}, true
}

// UseOfToken judges the use of a token that ends at end; zero means that the endpoint never
// returned it.
func UseOfToken(end, now time.Time, slack time.Duration) []Finding {
	if end.IsZero() {
		return []Finding{found(NoForeign, "the endpoint never returned it")}
	}
	// A token is not served in its last two seconds; the endpoint states its life in whole seconds.
	if left := remains(end, now); left <= Skew-time.Second-slack {
		return []Finding{found(NoExpired, "%v was left of it", left)}
	}
	return nil
}

// Rotated judges a token that a subscriber was told, as UseOfToken does.
func Rotated(end, now time.Time, slack time.Duration) (all []Finding) {
	for _, f := range UseOfToken(end, now, slack) {
		all = append(all, found(TellsRotates, "%s: %s", f.Rule, f.What))
	}
	return all
}

// Secrets judges texts of the library for people, which where names: none may contain a token.
func Secrets(where string, texts ...string) []Finding {
	for _, text := range texts {
		if strings.Contains(text, "eyJ") { // every JWT begins so
			return []Finding{found(NoSecret, "%s", where)}
		}
	}
	return nil
}

// SecretsOfError is Secrets for an error, in all forms in which it may be printed. Nil has none.
func SecretsOfError(where string, err error) []Finding {
	if err == nil {
		return nil
	}
	return Secrets(where, err.Error(), fmt.Sprintf("%+v %#v", err, err))
}
