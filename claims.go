package aztoken

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/internal/jwt"
)

// Claims is what a token says about its bearer. It was read without any check: it serves to show to people and to find
// a user name (go-redis wants the object id), never to decide what a caller may do.
type Claims struct {
	Audience  string    // aud: the resource that the token is for
	Issuer    string    // iss
	TenantID  string    // tid
	ClientID  string    // appid (v1) or azp (v2)
	ObjectID  string    // oid: the identity's service principal
	Subject   string    // sub
	Roles     []string  // roles: the application roles that were granted when the token was minted
	IssuedAt  time.Time // iat
	NotBefore time.Time // nbf
	ExpiresOn time.Time // exp
	Version   string    // ver: "1.0" or "2.0"
}

var errNotJWT = errors.New("aztoken: the token is no JWT, so its claims cannot be read; treat it as opaque")

// Claims decodes the token without verifying it. Tokens of Microsoft's own resources may be opaque; for these it
// returns an error.
func (t Token) Claims() (Claims, error) {
	fields, ok := jwt.Claims(t.Value())
	if !ok {
		return Claims{}, errNotJWT
	}
	var (
		c             Claims
		iat, nbf, exp float64
	)
	for name, to := range map[string]any{
		"aud": &c.Audience, "iss": &c.Issuer, "tid": &c.TenantID, "oid": &c.ObjectID, "sub": &c.Subject,
		"appid": &c.ClientID, "azp": &c.ClientID, "ver": &c.Version, "roles": &c.Roles, "iat": &iat, "nbf": &nbf, "exp": &exp,
	} {
		raw, ok := fields[name]
		if !ok {
			continue
		}
		if json.Unmarshal(raw, to) != nil {
			return Claims{}, fmt.Errorf("aztoken: the token's claim %s has an unexpected type; treat the token as opaque", name)
		}
	}
	c.IssuedAt, c.NotBefore, c.ExpiresOn = jwt.NumericDate(iat), jwt.NumericDate(nbf), jwt.NumericDate(exp)
	return c, nil
}
