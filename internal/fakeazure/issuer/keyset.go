package issuer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// A keySet is some of a server's keys.
type keySet []*signingKey

// verify returns the payload of a token that one of the keys signed.
func (ks keySet) verify(token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	for _, k := range ks {
		if k.id == signed.Signatures[0].Header.KeyID {
			return signed.Verify(k.private.Public())
		}
	}
	return nil, errors.New("no such key")
}

// claims returns those of a token that one of the keys signed.
func (ks keySet) claims(token string) (map[string]any, error) {
	payload, err := ks.verify(token)
	if err != nil {
		return nil, fmt.Errorf("the token is not one of this server: %w", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, fmt.Errorf("the token's claims: %w", err)
	}
	return claims, nil
}

// publish returns the public keys as members of a JWKS, each with the issuer that it is good for,
// if there is one to name.
func (ks keySet) publish(issuer string) []any {
	published := make([]any, 0, len(ks))
	for _, k := range ks {
		public, err := json.Marshal(k.public())
		if err != nil {
			panic(fmt.Sprintf("issuer: publishing a key: %v", err))
		}
		var members map[string]any
		if err := json.Unmarshal(public, &members); err != nil {
			panic(fmt.Sprintf("issuer: publishing a key: %v", err))
		}
		if issuer != "" {
			members["issuer"] = issuer // a member of Entra's own, which no library writes
		}
		published = append(published, members)
	}
	return published
}
