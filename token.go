package aztoken

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/seed-ac726066/aztoken/internal/jwt"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

// Token is an access token. Printing, logging or marshaling it shows when it expires and never the
// secret, which only [Token.Value] returns. The zero Token holds no token.
type Token struct {
	// Resource is what the token is for, as it was asked for.
	Resource string
	// AcquiredOn is when the client first got this token. It may have been issued earlier:
	// platforms cache too.
	AcquiredOn time.Time
	// RefreshOn is when the background refresh is due.
	RefreshOn time.Time
	// ExpiresOn is when services begin to reject the token.
	ExpiresOn time.Time

	secret *bearer
}

// bearer is the secret of a token. Two Tokens are the same one exactly if they share a bearer.
type bearer = secret.Value[*credentials]

// credentials are what is secret about a token, and the key under which the client keeps it.
type credentials struct {
	value  string
	header []string // the ready-made Authorization header, so that a request costs no concatenation
	key    request
}

func newBearer(value string, key request) *bearer {
	b := secret.New(&credentials{value: value, header: []string{"Bearer " + value}, key: key})
	return &b
}

// Value returns the token itself. Send it to its resource and never show it. It is "" for the zero
// Token.
func (t Token) Value() string {
	if t.secret == nil {
		return ""
	}
	return t.secret.Reveal().value
}

// String describes the token without the secret.
func (t Token) String() string {
	if t.secret == nil {
		return "Token(none)"
	}
	return fmt.Sprintf("Token(%s, expires %s, REDACTED)", t.Resource, t.ExpiresOn.Format(time.RFC3339))
}

// Format writes String for every verb: %x and %#v of a struct would print its fields.
func (t Token) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue implements [slog.LogValuer].
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("resource", t.Resource),
		slog.Time("acquired_on", t.AcquiredOn),
		slog.Time("refresh_on", t.RefreshOn),
		slog.Time("expires_on", t.ExpiresOn),
	)
}

// MarshalJSON implements [json.Marshaler]: the resource and the times, without the secret.
func (t Token) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Resource   string    `json:"resource"`
		AcquiredOn time.Time `json:"acquired_on"`
		RefreshOn  time.Time `json:"refresh_on"`
		ExpiresOn  time.Time `json:"expires_on"`
	}{t.Resource, t.AcquiredOn, t.RefreshOn, t.ExpiresOn})
}

// UnverifiedClaims are what a token says about its bearer, read without any check. Use them to show
// them to people, or to find a user name (go-redis wants the object id), but never to decide what a
// caller may do: package verify is for that.
type UnverifiedClaims struct {
	Audience  string    // aud: the resource that the token is for
	Issuer    string    // iss
	TenantID  string    // tid
	ClientID  string    // appid (v1) or azp (v2)
	ObjectID  string    // oid: the identity's service principal
	Subject   string    // sub
	Roles     []string  // roles: the application roles that were granted when the token was issued
	IssuedAt  time.Time // iat
	NotBefore time.Time // nbf
	ExpiresOn time.Time // exp
	Version   string    // ver: "1.0" or "2.0"
}

var errNotJWT = errors.New("aztoken: the token is not a JWT, so its claims cannot be read; treat it as opaque")

// UnverifiedClaims decodes the token without verifying it. Tokens for Microsoft's own resources may
// be opaque; for these, and for the zero Token, it returns an error.
func (t Token) UnverifiedClaims() (UnverifiedClaims, error) {
	claims, ok := jwt.Claims(t.Value())
	if !ok {
		return UnverifiedClaims{}, errNotJWT
	}
	var (
		c             UnverifiedClaims
		iat, nbf, exp float64
	)
	for name, to := range map[string]any{
		"aud": &c.Audience, "iss": &c.Issuer, "tid": &c.TenantID, "oid": &c.ObjectID, "sub": &c.Subject,
		"appid": &c.ClientID, "azp": &c.ClientID, "ver": &c.Version, "roles": &c.Roles,
		"iat": &iat, "nbf": &nbf, "exp": &exp,
	} {
		raw, ok := claims[name]
		if !ok {
			continue
		}
		if json.Unmarshal(raw, to) != nil {
			return UnverifiedClaims{}, fmt.Errorf("aztoken: the token's claim %s has an unexpected type; treat the token as opaque", name)
		}
	}
	c.IssuedAt, c.NotBefore, c.ExpiresOn = jwt.NumericDate(iat), jwt.NumericDate(nbf), jwt.NumericDate(exp)
	return c, nil
}
