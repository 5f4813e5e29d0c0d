package verify

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Claims are what a verified token says about its bearer. They are shared by all requests with the same token and must not
// be changed.
type Claims struct {
	Audience  string    // aud: the service that the token is for
	Issuer    string    // iss
	TenantID  string    // tid
	ClientID  string    // appid (v1) or azp (v2): the application that asked for the token
	ObjectID  string    // oid: the service principal or the user; together with TenantID it tells who calls
	Subject   string    // sub
	Roles     []string  // roles: the app roles of the caller, or of the user where AppOnly is false
	Scopes    []string  // scp: what an application may do for a user
	AppOnly   bool      // idtyp is "app": an application calls for itself, as a managed identity does
	IssuedAt  time.Time // iat
	NotBefore time.Time // nbf
	ExpiresOn time.Time // exp
	Version   string    // ver: "1.0" or "2.0"
	TokenID   string    // uti: names the token in Entra's sign-in log

	payload []byte
}

// HasRole says whether the token has an app role.
func (c *Claims) HasRole(name string) bool { return slices.Contains(c.Roles, name) }

// Decode decodes the whole payload into v, as [encoding/json] does but with the case of names kept.
func (c *Claims) Decode(v any) error {
	if err := json.Unmarshal(c.payload, v); err != nil {
		return fmt.Errorf("verify: the claims do not fit into %T: %w", v, err)
	}
	return nil
}

// readClaims reads a payload strictly: one object, each claim once and of its type, names to the letter. A claim that is not
// there is left blank.
func readClaims(payload []byte) (*Claims, error) {
	var (
		r          = reader{}
		c          = &Claims{payload: payload}
		azp, appid string
	)
	err := readObject(payload, func(name string, value []byte) {
		switch name {
		case "aud":
			c.Audience = r.text(name, value)
		case "iss":
			c.Issuer = r.text(name, value)
		case "tid":
			c.TenantID = r.text(name, value)
		case "azp":
			azp = r.text(name, value)
		case "appid":
			appid = r.text(name, value)
		case "oid":
			c.ObjectID = r.text(name, value)
		case "sub":
			c.Subject = r.text(name, value)
		case "roles":
			c.Roles = r.texts(name, value)
		case "scp":
			c.Scopes = strings.Fields(r.text(name, value))
		case "idtyp":
			c.AppOnly = r.text(name, value) == "app"
		case "iat":
			c.IssuedAt = r.time(name, value)
		case "nbf":
			c.NotBefore = r.time(name, value)
		case "exp":
			c.ExpiresOn = r.time(name, value)
		case "ver":
			c.Version = r.text(name, value)
		case "uti":
			c.TokenID = r.text(name, value)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("its payload: %w", err)
	}
	c.ClientID = azp
	if c.Version == "1.0" {
		c.ClientID = appid
	}
	switch {
	case c.ExpiresOn.IsZero():
		r.wrong("exp", "present")
	case c.NotBefore.IsZero():
		r.wrong("nbf", "present")
	}
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}

// reader reads claims by their type and keeps the first error.
type reader struct{ err error }

func (r *reader) wrong(name, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("its claim %s is not %s", name, want)
	}
}

func (r *reader) text(name string, value []byte) string {
	s, ok := unquote(value)
	if !ok {
		r.wrong(name, "a string")
	}
	return s
}

func (r *reader) texts(name string, value []byte) []string {
	all, ok := unquoteAll(value)
	if !ok {
		r.wrong(name, "an array of strings")
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" }) // a role without a name is none
}

// time reads a NumericDate of RFC 7519.
func (r *reader) time(name string, value []byte) time.Time {
	const maxSeconds = 253402300799 // the last second of the year 9999, beyond which times cannot be written
	s, ok := number(value)
	if !ok || s <= 0 || s > maxSeconds {
		r.wrong(name, "a number of seconds since 1970")
		return time.Time{}
	}
	whole, fraction := math.Modf(s)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}
