package verify

import (
	"crypto/rsa"

	"github.com/go-jose/go-jose/v4"
)

// verifyJWS gives the payload of a token that key has signed by RS256 (RFC 7515). It expects what keyID has let through.
func verifyJWS(token string, key *rsa.PublicKey) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	return signed.Verify(key)
}
