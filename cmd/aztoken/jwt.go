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
	errNoToken = errors.New("aztoken: no token; pass one as the argument or on stdin, as in: aztoken token https://vault.azure.net | aztoken inspect")
	errNotJWT  = errors.New("aztoken: not a JWT, so its contents cannot be read; check that it is complete and without quotes. " +
		"Tokens of some of Microsoft's own services are opaque to everybody else")
)

// decoded has the contents of a token, unverified.
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

// decode reads a token. Its error never quotes it.
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
		Algorithm: stringClaim(header["alg"]), KeyID: stringClaim(header["kid"]),
		ObjectID: stringClaim(claims["oid"]), TenantID: stringClaim(claims["tid"]), Subject: stringClaim(claims["sub"]), Issuer: stringClaim(claims["iss"]),
		Audience: stringClaim(claims["aud"]), Roles: stringClaims(claims["roles"]), Scopes: strings.Fields(stringClaim(claims["scp"])),
		Version:  stringClaim(claims["ver"]),
		IssuedOn: jwt.Time(claims["iat"]), NotBefore: jwt.Time(claims["nbf"]), ExpiresOn: jwt.Time(claims["exp"]),
	}
	_, d.Nonce = header["nonce"]
	d.ClientID = cmp.Or(stringClaim(claims["azp"]), stringClaim(claims["appid"]))
	// idtyp is optional; without it an application's own token has no scopes, and its subject is
	// itself.
	d.AppOnly = stringClaim(claims["idtyp"]) == "app"
	if claims["idtyp"] == nil {
		d.AppOnly = claims["scp"] == nil && d.ClientID != "" && d.ObjectID != "" && d.ObjectID == d.Subject
	}
	return d, nil
}

// trimBearer returns a token without the header that people copy with it.
func trimBearer(text string) string {
	text = strings.TrimSpace(text)
	for _, prefix := range []string{"Authorization:", "Bearer "} {
		if len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			text = strings.TrimSpace(text[len(prefix):])
		}
	}
	return text
}

// stringClaim returns a claim as text, "" if it is not. It replaces control characters.
func stringClaim(raw json.RawMessage) string {
	return printableASCII(jwt.Text(raw))
}

func stringClaims(raw json.RawMessage) []string {
	all := jwt.Texts(raw)
	for i := range all {
		all[i] = printableASCII(all[i])
	}
	return all
}

func printableASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
