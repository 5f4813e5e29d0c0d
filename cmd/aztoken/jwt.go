package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

var (
	errNoToken = errors.New("aztoken: no token; give one as the argument or on stdin, as in: aztoken token https://vault.azure.net | aztoken inspect")
	errNotJWT  = errors.New("aztoken: this is no JWT, so nothing can be read from it; see that it is whole, and without quotes. Tokens of some of Microsoft's own services are opaque: only the service itself can read them")
)

// decoded is what stands in a token. Nobody has checked it.
type decoded struct {
	Algorithm, KeyID string
	Nonce            bool // in the header: a token for one of Microsoft's own APIs

	ObjectID, ClientID, TenantID, Subject, Issuer string
	Audience                                      string
	Roles, Scopes                                 []string
	AppOnly                                       bool
	Version                                       string
	IssuedOn, NotBefore, ExpiresOn                time.Time
}

// decode reads a token as it comes out of a clipboard. Its error never quotes it.
func decode(token string) (decoded, error) {
	claims, ok := wire.JWTClaims(token)
	if !ok {
		return decoded{}, errNotJWT
	}
	encoded, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	var header map[string]json.RawMessage
	if err != nil || json.Unmarshal(text, &header) != nil {
		return decoded{}, errNotJWT
	}
	d := decoded{
		Algorithm: word(header["alg"]), KeyID: word(header["kid"]),
		ObjectID: word(claims["oid"]), TenantID: word(claims["tid"]), Subject: word(claims["sub"]), Issuer: word(claims["iss"]),
		Audience: word(claims["aud"]), Roles: words(claims["roles"]), Scopes: strings.Fields(word(claims["scp"])),
		Version:  word(claims["ver"]),
		IssuedOn: moment(claims["iat"]), NotBefore: moment(claims["nbf"]), ExpiresOn: moment(claims["exp"]),
	}
	_, d.Nonce = header["nonce"]
	d.ClientID = word(claims["azp"])
	if d.ClientID == "" {
		d.ClientID = word(claims["appid"])
	}
	// idtyp is optional; without it an application's own token has no scopes, and its subject is itself.
	d.AppOnly = word(claims["idtyp"]) == "app"
	if claims["idtyp"] == nil {
		d.AppOnly = claims["scp"] == nil && d.ClientID != "" && d.ObjectID != "" && d.ObjectID == d.Subject
	}
	return d, nil
}

// bare is a token without what people copy along with it.
func bare(text string) string {
	text = strings.TrimSpace(text)
	for _, prefix := range []string{"Authorization:", "Bearer "} {
		if len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			text = strings.TrimSpace(text[len(prefix):])
		}
	}
	return text
}

// word is a claim of text, "" where it is none. What is not printable goes: it could play tricks on a terminal.
func word(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return printable(s)
}

func words(raw json.RawMessage) []string {
	var all []string
	_ = json.Unmarshal(raw, &all)
	for i := range all {
		all[i] = printable(all[i])
	}
	return all
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// moment is a NumericDate of RFC 7519, the zero time where it is none.
func moment(raw json.RawMessage) time.Time {
	const lastYear = 253402300799 // the last second of the year 9999, beyond which times cannot be written
	var s float64
	if json.Unmarshal(raw, &s) != nil || s <= 0 || s > lastYear {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}
