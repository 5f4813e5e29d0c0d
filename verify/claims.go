package verify

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// Claims are what a verified token says about its caller. They are shared by all requests with the
// same token and must not be changed.
type Claims struct {
	Audience string   // aud: the service that the token is for
	Issuer   string   // iss
	TenantID string   // tid
	ClientID string   // appid (v1) or azp (v2): the application that asked for the token
	ObjectID string   // oid: the service principal or the user; unique together with TenantID
	Subject  string   // sub
	Roles    []string // roles: the app roles of the caller, or of the user if AppOnly is false
	Scopes   []string // scp: what an application may do on behalf of a user
	// AppOnly means that the application calls for itself, as a managed identity does; see
	// [AppOnly].
	AppOnly   bool
	IssuedAt  time.Time // iat
	NotBefore time.Time // nbf
	ExpiresOn time.Time // exp
	Version   string    // ver: "1.0" or "2.0"
	TokenID   string    // uti: identifies the token in Entra's sign-in log

	payload string
	seen    seen
}

// seen are the claims whose presence counts, not their value.
type seen struct {
	idtyp, scp bool
	cnf        bool   // the token is bound to a key of the caller (RFC 7800)
	idToken    string // a claim that only ID tokens have
}

// HasRole reports whether the token has an app role.
func (c *Claims) HasRole(name string) bool { return c != nil && slices.Contains(c.Roles, name) }

// HasScope reports whether the token has a scope. Only tokens of users have scopes.
func (c *Claims) HasScope(name string) bool { return c != nil && slices.Contains(c.Scopes, name) }

// Decode decodes the whole payload into v, as [encoding/json] does but comparing names exactly.
func (c *Claims) Decode(v any) error {
	if err := json.Unmarshal([]byte(c.payload), v); err != nil {
		return fmt.Errorf("verify: the claims do not fit into %T: %w", v, err)
	}
	return nil
}

// readClaims reads a payload strictly: one object, each claim once and of its type, names compared
// exactly. A claim that is missing is left blank.
func readClaims(payload string) (*Claims, error) {
	var (
		r                 reader
		c                 = &Claims{payload: payload}
		azp, appid, idtyp string
	)
	err := readObject(payload, func(name, value string) {
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
			c.Scopes, c.seen.scp = strings.Fields(r.text(name, value)), true
		case "idtyp":
			idtyp, c.seen.idtyp = r.text(name, value), true
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
		case "cnf":
			c.seen.cnf = true
		case "nonce", "c_hash", "at_hash", "s_hash":
			c.seen.idToken = name
		}
	})
	if err != nil {
		return nil, fmt.Errorf("its payload: %w", err)
	}
	c.ClientID = azp
	if c.Version == "1.0" {
		c.ClientID = appid
	}
	c.AppOnly = isAppOnly(c, idtyp)
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

// isAppOnly reports whether an application calls for itself. idtyp says so, but is an optional
// claim that only comes if the manifest of the service asks for it. Without it the subject decides:
// that of an application is its own object id, and that of a user is made for each application.
//
// https://learn.microsoft.com/entra/identity-platform/optional-claims-reference
func isAppOnly(c *Claims, idtyp string) bool {
	if c.seen.idtyp {
		return idtyp == "app"
	}
	return !c.seen.scp && !isBlank(c.ClientID) && !isBlank(c.ObjectID) && c.ObjectID == c.Subject
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// reader reads claims by their type and keeps the first error.
type reader struct{ err error }

func (r *reader) wrong(name, want string) {
	if r.err == nil {
		r.err = fmt.Errorf("its claim %s is not %s", name, want)
	}
}

func (r *reader) text(name, value string) string {
	s, ok := unquote(value)
	if !ok {
		r.wrong(name, "a string")
	}
	return s
}

func (r *reader) texts(name, value string) []string {
	all, ok := unquoteAll(value)
	if !ok {
		r.wrong(name, "an array of strings")
	}
	// A role without a name does not count.
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// time reads a NumericDate of RFC 7519.
func (r *reader) time(name, value string) time.Time {
	// This is the last second of the year 9999: later times cannot be written.
	const maxSeconds = 253402300799
	s, ok := number(value)
	if !ok || s <= 0 || s > maxSeconds {
		r.wrong(name, "a number of seconds since 1970")
		return time.Time{}
	}
	whole, fraction := math.Modf(s)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}
