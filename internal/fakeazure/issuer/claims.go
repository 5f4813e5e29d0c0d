package issuer

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"
)

// backdate is how far iat and nbf lie before the minting, for the sake of verifiers whose clock is
// slow.
const backdate = 5 * time.Minute

// tenantCreated is the claim xms_tcdt: some day before any token.
const tenantCreated = 1582274297

// idtyp is the optional claim that tells an application's token from a user's.
const idtyp = "idtyp"

// claims returns those of a token of an identity for resource, minted at now.
func (i *Issuer) claims(id Subject, resource string, now time.Time) map[string]any {
	o := i.options
	tenant, version := cmp.Or(id.TenantID, o.TenantID), o.TokenVersion
	if IsTokenExchange(resource) {
		version = 2
	}
	claims := map[string]any{
		"aud":       resource,
		"iss":       issuer(version, tenant),
		"idp":       issuer(1, tenant),
		"iat":       now.Add(-backdate).Unix(),
		"nbf":       now.Add(-backdate).Unix(),
		"exp":       now.Add(cmp.Or(id.Lifetime, o.TokenLifetime)).Unix(),
		"aio":       noise(27),
		"oid":       id.ObjectID,
		"rh":        "1." + noise(30) + ".",
		"sub":       id.ObjectID,
		"tid":       tenant,
		"uti":       noise(16),
		"xms_ftd":   noise(48),
		"xms_idrel": "7 10",
		"xms_tcdt":  int64(tenantCreated),
	}
	if version == 2 {
		claims["ver"], claims["azp"], claims["azpacr"] = "2.0", id.ClientID, "2"
	} else {
		claims["ver"], claims["appid"], claims["appidacr"] = "1.0", id.ClientID, "2"
	}
	if slices.Contains(o.OptionalClaims, idtyp) {
		claims[idtyp] = "app"
	}
	if len(id.Roles) > 0 {
		claims["roles"] = slices.Clone(id.Roles)
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
