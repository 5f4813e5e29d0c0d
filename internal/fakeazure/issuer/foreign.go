package issuer

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

// The audiences of tokens that are exchanged for Entra's: each cloud has its own.
const (
	TokenExchange      = "api://AzureADTokenExchange"
	TokenExchangeUSGov = "api://AzureADTokenExchangeUSGov"
	TokenExchangeChina = "api://AzureADTokenExchangeChina"
)

// IsTokenExchange reports whether an audience is that of some cloud's token exchange. Every tenant
// knows all of them as resources, and their tokens have the form of v2.
func IsTokenExchange(audience string) bool {
	return audience == TokenExchange || audience == TokenExchangeUSGov || audience == TokenExchangeChina
}

// MintForeign returns a token of another issuer, such as a cluster or a CI system, with the claims
// that these have in common. It is changed by the edits, and then signed by the key that signs
// Entra's.
func (i *Issuer) MintForeign(issuer, subject, audience string, now, expires time.Time, edits ...func(*JWT)) (string, error) {
	key := i.keys.signing()
	j := JWT{
		Header: map[string]any{"alg": "RS256", "kid": key.id},
		Claims: map[string]any{
			"iss": issuer,
			"sub": subject,
			"aud": audience,
			"iat": now.Unix(),
			"nbf": now.Unix(),
			"exp": expires.Unix(),
			"jti": guid.New(),
		},
	}
	for _, edit := range edits {
		edit(&j)
	}
	return key.token(j)
}
