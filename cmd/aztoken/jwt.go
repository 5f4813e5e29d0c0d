package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/jwt"
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
	claims, ok := jwt.Claims(token)
	if !ok {
		return decoded{}, errNotJWT
	}
	header, ok := jwt.Header(token)
	if !ok {
		return decoded{}, errNotJWT
	}
	d := decoded{
		Algorithm: word(header["alg"]), KeyID: word(header["kid"]),
		ObjectID: word(claims["oid"]), TenantID: word(claims["tid"]), Subject: word(claims["sub"]), Issuer: word(claims["iss"]),
		Audience: word(claims["aud"]), Roles: words(claims["roles"]), Scopes: strings.Fields(word(claims["scp"])),
		Version:  word(claims["ver"]),
		IssuedOn: jwt.Time(claims["iat"]), NotBefore: jwt.Time(claims["nbf"]), ExpiresOn: jwt.Time(claims["exp"]),
	}
	_, d.Nonce = header["nonce"]
	d.ClientID = cmp.Or(word(claims["azp"]), word(claims["appid"]))
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
	return printable(jwt.Text(raw))
}

func words(raw json.RawMessage) []string {
	all := jwt.Texts(raw)
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
