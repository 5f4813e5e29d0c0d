package imdstest

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// backdate is how far iat and nbf lie before the minting, for the sake of verifiers whose clock is slow.
const backdate = 5 * time.Minute

// tenantCreated is the claim xms_tcdt: some day before any token.
const tenantCreated = 1582274297

// JWT is a token before it is signed.
type JWT struct {
	Header map[string]any // typ, alg, kid and x5t
	Claims map[string]any // strings, except for the int64 iat, nbf, exp and xms_tcdt, and the []string roles

	// RawHeader and Payload are signed as they are, in place of Header and Claims: JSON with a member twice, or what is no
	// JSON at all. Nil: Header and Claims as JSON.
	RawHeader, Payload []byte

	// Key signs the token. The header still names the server's key: see its kid and x5t. Nil: the key that signs now.
	Key *rsa.PrivateKey
}

// Mint returns a token that the endpoint would not give: expired, for another audience, of another tenant, without a
// role. It starts from what the default identity would get for resource at this moment, lets the edits
// change that, and signs the outcome:
//
//	expired := imds.Mint("https://orders.example", func(j *imdstest.JWT) {
//		j.Claims["exp"] = time.Now().Add(-time.Hour).Unix()
//	})
//
// The default identity is the one that a request without an id gets; of several it is the first, and of none one
// with [DefaultClientID] and [DefaultObjectID]. The signature is always a right one, by RS256, whatever the
// header says. Mint asks no platform: it works through every
// fault, and neither the log nor the platform's cache knows of it. It panics if the
// token cannot be written as JSON, or its Key cannot sign.
func (s *Server) Mint(resource string, edits ...func(*JWT)) string {
	key := s.keys.signing()
	j := JWT{Header: key.header(), Claims: s.claims(s.defaultIdentity(), resource, time.Now())}
	for _, edit := range edits {
		edit(&j)
	}
	return key.token(j)
}

// claims returns those of a token of id for resource, minted at now.
func (s *Server) claims(id Identity, resource string, now time.Time) map[string]any {
	o := s.options
	claims := map[string]any{
		"aud":       resource,
		"iss":       issuer(o.TokenVersion, o.TenantID),
		"idp":       issuer(1, o.TenantID),
		"iat":       now.Add(-backdate).Unix(),
		"nbf":       now.Add(-backdate).Unix(),
		"exp":       now.Add(o.TokenLifetime).Unix(),
		"aio":       noise(27),
		"idtyp":     "app",
		"oid":       id.ObjectID,
		"rh":        "1." + noise(30) + ".",
		"sub":       id.ObjectID,
		"tid":       o.TenantID,
		"uti":       noise(16),
		"xms_ftd":   noise(48),
		"xms_idrel": "7 10",
		"xms_tcdt":  int64(tenantCreated),
	}
	if o.TokenVersion == 2 {
		claims["ver"], claims["azp"], claims["azpacr"] = "2.0", id.ClientID, "2"
	} else {
		claims["ver"], claims["appid"], claims["appidacr"] = "1.0", id.ClientID, "2"
	}
	if roles := id.Roles[resource]; len(roles) > 0 {
		claims["roles"] = append([]string(nil), roles...)
	}
	return claims
}

// issuer returns the iss of a tenant's tokens. The tenant may be a template.
func issuer(version int, tenant string) string {
	if version == 2 {
		return "https://login.microsoftonline.com/" + tenant + "/v2.0"
	}
	return "https://sts.windows.net/" + tenant + "/"
}

// noise fills the claims whose content only Microsoft can read.
func noise(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// guid returns a new random one.
func guid() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (k *signingKey) header() map[string]any {
	return map[string]any{"typ": "JWT", "alg": "RS256", "kid": k.id, "x5t": k.id}
}

func (k *signingKey) token(j JWT) string {
	token, err := sign(cmp.Or(j.Key, k.private), rawOr(j.RawHeader, j.Header), rawOr(j.Payload, j.Claims))
	if err != nil {
		panic(fmt.Sprintf("imdstest: signing a token: %v", err))
	}
	return token
}

// rawOr returns raw, or members as JSON where there is none.
func rawOr(raw []byte, members map[string]any) []byte {
	if raw != nil {
		return raw
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(fmt.Sprintf("imdstest: a token as JSON: %v", err))
	}
	return text
}
