package verify_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"sync"
	"time"
)

const (
	tenant      = "7e000000-0000-4000-8000-000000000001"
	otherTenant = "7e000000-0000-4000-8000-000000000002"
	clientID    = "c0000000-0000-4000-8000-000000000001"
	objectID    = "0b000000-0000-4000-8000-000000000001"

	issuerV1 = "https://sts.windows.net/" + tenant + "/"
	issuerV2 = "https://login.microsoftonline.com/" + tenant + "/v2.0"
	template = "https://login.microsoftonline.com/{tenantid}/v2.0"
)

// signer is an RSA key and the id that it is published under.
type signer struct {
	kid     string
	private *rsa.PrivateKey
}

// Making a key takes a good part of a second: there are a few for the whole process.
var (
	first  = sync.OnceValue(func() signer { return newSigner("first", 2048) })
	second = sync.OnceValue(func() signer { return newSigner("second", 2048) })
	weak   = sync.OnceValue(func() signer { return newSigner("weak", 1024) })
)

func newSigner(kid string, bits int) signer {
	private, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return signer{kid, private}
}

// jwk is the key as Entra publishes it, changed by members, of which a nil one is taken off.
func (s signer) jwk(members ...map[string]any) map[string]any {
	key := map[string]any{
		"kty": "RSA", "use": "sig", "kid": s.kid, "x5t": s.kid, "issuer": issuerV2,
		"n": base64.RawURLEncoding.EncodeToString(s.private.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(s.private.E)).Bytes()),
	}
	for _, m := range members {
		maps.Copy(key, m)
	}
	maps.DeleteFunc(key, func(_ string, value any) bool { return value == nil })
	return key
}

// jwt is a token before it is signed.
type jwt struct {
	header, claims  map[string]any
	rawHeader, body string // JSON in place of the maps, if not ""
	key             signer
	spell           func(string) string // changes the signed token; nil does not
}

// change is what makes a token differ from a good one.
type change = func(*jwt)

// mint returns a token that is good now, as managed identities get it, but for changes.
func mint(changes ...change) string {
	now := time.Now()
	j := &jwt{key: first(), claims: map[string]any{
		"aud": audience, "iss": issuerV1, "tid": tenant, "oid": objectID, "sub": objectID, "appid": clientID, "idtyp": "app", "ver": "1.0",
		"roles": []string{"reader"}, "uti": "the-id", "iat": now.Unix() - 300, "nbf": now.Unix() - 300, "exp": now.Unix() + 86400,
	}}
	j.header = map[string]any{"typ": "JWT", "alg": "RS256", "kid": j.key.kid, "x5t": j.key.kid}
	for _, c := range changes {
		c(j)
	}
	token := j.key.sign(text(j.rawHeader, j.header), text(j.body, j.claims))
	if j.spell != nil {
		token = j.spell(token)
	}
	return token
}

func text(raw string, members map[string]any) string {
	if raw != "" {
		return raw
	}
	all, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(all)
}

// sign gives the compact JWS, by RS256 whatever the header says.
func (s signer) sign(header, payload string) string {
	signed := part(header) + "." + part(payload)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, s.private, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + part(string(signature))
}

func part(content string) string { return base64.RawURLEncoding.EncodeToString([]byte(content)) }

// unsigned is a token in the right form whose key nobody has.
func unsigned(kid string) string {
	return part(fmt.Sprintf(`{"typ":"JWT","alg":"RS256","kid":%q}`, kid)) + "." + part(`{"tid":"`+tenant+`"}`) + "." + part(string(make([]byte, 256)))
}

// claim sets a claim; a nil value takes it off.
func claim(name string, value any) change {
	return func(j *jwt) { set(j.claims, name, value) }
}

// head sets a member of the header; a nil value takes it off.
func head(name string, value any) change {
	return func(j *jwt) { set(j.header, name, value) }
}

func set(members map[string]any, name string, value any) {
	members[name] = value
	if value == nil {
		delete(members, name)
	}
}

// by has a token signed by a key, under its id.
func by(s signer) change {
	return func(j *jwt) { j.key, j.header["kid"], j.header["x5t"] = s, s.kid, s.kid }
}

// of makes a token of version 1 of a tenant.
func of(tenant string) change {
	return func(j *jwt) { j.claims["tid"], j.claims["iss"] = tenant, "https://sts.windows.net/"+tenant+"/" }
}

// version2 gives a token the form of version 2.
func version2(j *jwt) {
	j.claims["ver"], j.claims["iss"], j.claims["azp"] = "2.0", issuerV2, clientID
	delete(j.claims, "appid")
}

// extraClaim adds JSON to the end of the payload, and extraHead to that of the header: what a map
// cannot have, such as a member twice.
func extraClaim(text string) change {
	return func(j *jwt) { j.body = added(j.claims, text) }
}

func extraHead(text string) change {
	return func(j *jwt) { j.rawHeader = added(j.header, text) }
}

func added(members map[string]any, extra string) string {
	whole := text("", members)
	return whole[:len(whole)-1] + "," + extra + "}"
}

func body(raw string) change      { return func(j *jwt) { j.body = raw } }
func rawHeader(raw string) change { return func(j *jwt) { j.rawHeader = raw } }

func spell(f func(token string) string) change { return func(j *jwt) { j.spell = f } }

func all(changes ...change) change {
	return func(j *jwt) {
		for _, c := range changes {
			c(j)
		}
	}
}

// expires ends a token so long after now, and begins says when it starts.
func expires(in time.Duration) change {
	return func(j *jwt) { j.claims["exp"] = time.Now().Add(in).Unix() }
}

func begins(in time.Duration) change {
	return func(j *jwt) { j.claims["nbf"] = time.Now().Add(in).Unix() }
}

// unpart is the inverse of part.
func unpart(text string) []byte {
	content, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return content
}

// forgedForExponentOne is a token whose signature is the padded digest itself, as a key with e = 1
// would leave it. It takes no private key.
func forgedForExponentOne(s signer) string {
	return mint(by(s), resign(func(signed []byte) []byte {
		digest := sha256.Sum256(signed)
		prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
		padded := []byte{0, 1}
		for len(padded) < s.private.Size()-len(prefix)-len(digest)-1 {
			padded = append(padded, 0xff)
		}
		return append(append(append(padded, 0), prefix...), digest[:]...)
	}))
}
