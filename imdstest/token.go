package imdstest

import (
	"crypto/rsa"
	"fmt"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
)

// JWT is a token before it is signed.
type JWT struct {
	Header map[string]any // typ, alg, kid and x5t

	// Claims are strings, except for the int64 iat, nbf, exp and xms_tcdt, and the []string roles.
	Claims map[string]any

	// RawHeader and Payload are signed unchanged, in place of Header and Claims: JSON with a
	// duplicate member, or text that is not JSON at all. Nil: Header and Claims as JSON.
	RawHeader, Payload []byte

	// Key signs the token. The header still names the server's key: see its kid and x5t. Nil: the
	// key that signs now.
	Key *rsa.PrivateKey
}

// Mint returns a token that the endpoint would not issue: expired, for another audience, of another
// tenant, without a role. It starts from what the default identity would get for resource now, lets
// the edits change that, and signs the result:
//
//	expired := imds.Mint("https://orders.example", func(j *imdstest.JWT) {
//		j.Claims["exp"] = time.Now().Add(-time.Hour).Unix()
//	})
//
// The default identity is the one that a request without an id gets; with several it is the first,
// and with none it is one with [DefaultClientID] and [DefaultObjectID]. The signature is always
// correct and uses RS256, even if the header names another algorithm. Mint does not use the
// platform: it works during every fault, and leaves no trace in the log or the platform's cache. It
// panics if the token cannot be written as JSON, or its Key cannot sign.
func (s *Server) Mint(resource string, edits ...func(*JWT)) string {
	token, err := s.engine.Mint(resource, func(j *issuer.JWT) {
		for _, edit := range edits {
			edit((*JWT)(j))
		}
	})
	if err != nil {
		panic(fmt.Sprintf("imdstest: %v", err))
	}
	return token
}

// Claims returns the claims of a token that this server signed, expired or not and its key
// withdrawn or not, in the types of package encoding/json: numbers are float64. Use it for
// assertions in a test.
func (s *Server) Claims(token string) (map[string]any, error) {
	claims, err := s.engine.Issuer().Claims(token)
	if err != nil {
		return nil, fmt.Errorf("imdstest: %w", err)
	}
	return claims, nil
}
