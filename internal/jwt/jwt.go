// Package jwt reads JSON Web Tokens without checking them. Show its results to people, but do not
// use them to decide what a caller may do: package verify is for that.
package jwt

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// Claims returns the claims of a token in the compact form of RFC 7519, and false if it is not such
// a token. Names keep their case, which a struct of encoding/json would fold: Roles is not roles.
func Claims(token string) (claims map[string]json.RawMessage, ok bool) { return part(token, 1) }

// Header returns the header of a token in compact form, and false if it is not such a token.
func Header(token string) (header map[string]json.RawMessage, ok bool) { return part(token, 0) }

func part(token string, n int) (members map[string]json.RawMessage, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[n])
	if err != nil {
		return nil, false
	}
	err = json.Unmarshal(text, &members)
	return members, err == nil && members != nil // a JSON null leaves the map nil without an error
}

// Text returns the string that a claim holds, "" if it holds none.
func Text(claim json.RawMessage) string {
	var s string
	_ = json.Unmarshal(claim, &s)
	return s
}

// Texts returns the strings that a claim holds as an array, nil if it holds no such array.
func Texts(claim json.RawMessage) []string {
	var all []string
	if json.Unmarshal(claim, &all) != nil {
		return nil
	}
	return all
}

// Time returns the time that a claim holds as a NumericDate, the zero time if it holds none.
func Time(claim json.RawMessage) time.Time {
	var seconds float64
	if json.Unmarshal(claim, &seconds) != nil {
		return time.Time{}
	}
	return NumericDate(seconds)
}

// lastSecond is that of the year 9999, beyond which times cannot be marshalled.
const lastSecond = 253402300799

// NumericDate returns the time of an RFC 7519 NumericDate. An absent one, 0, is the zero time and
// not 1970, and so is one that is not a time that can be written.
func NumericDate(seconds float64) time.Time {
	if seconds <= 0 || seconds > lastSecond {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
