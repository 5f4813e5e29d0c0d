package verify

import (
	"slices"
	"strings"
	"time"
)

// rules are the Options that judge a token's claims, in the form that is compared.
type rules struct {
	hosts     hosts
	audiences []string
	tenants   []string // none: any
	clients   []string // in lower case; none: any
	roleless  bool
	skew      time.Duration
}

// check says what is wrong with the claims of a token that key has signed, nil for nothing.
func (r rules) check(c *Claims, key *signingKey, now time.Time) *Error {
	switch {
	case !isGUID(c.TenantID):
		return &Error{sentinel: ErrIssuer, Found: "tid " + quoted(c.TenantID), Wanted: "a tenant's GUID"}
	case c.Issuer == "" || c.Issuer != r.hosts.issuer(c.Version, c.TenantID):
		return &Error{sentinel: ErrIssuer, Found: quoted(c.Issuer), Wanted: r.wantedIssuer(c)}
	case !r.hosts.mayIssue(key.issuer, c.TenantID):
		return &Error{sentinel: ErrIssuer, Found: "a key of " + quoted(key.issuer), Wanted: "one of tenant " + c.TenantID}
	case len(r.tenants) > 0 && !slices.Contains(r.tenants, c.TenantID):
		return &Error{sentinel: ErrTenant, Found: c.TenantID, Wanted: oneOf(r.tenants)}
	case !slices.ContainsFunc(r.audiences, func(a string) bool { return sameAudience(a, c.Audience) }):
		return &Error{sentinel: ErrAudience, Found: quoted(c.Audience), Wanted: oneOf(r.audiences)}
	case !now.Before(c.ExpiresOn.Add(r.skew)):
		return &Error{sentinel: ErrExpired, Found: "an end at " + c.ExpiresOn.Format(time.RFC3339), Wanted: "one after " + now.UTC().Format(time.RFC3339)}
	case now.Before(c.NotBefore.Add(-r.skew)):
		return &Error{sentinel: ErrNotYetValid, Found: "a start at " + c.NotBefore.Format(time.RFC3339), Wanted: "one before " + now.UTC().Format(time.RFC3339)}
	case len(r.clients) > 0 && !isClient(c, r.clients):
		return &Error{sentinel: ErrClient, Found: caller(c), Wanted: oneOf(r.clients)}
	case !r.roleless && len(c.Roles) == 0 && len(c.Scopes) == 0:
		return &Error{sentinel: ErrRole, Found: "neither roles nor scopes in the token of " + caller(c)}
	}
	return nil
}

func (r rules) wantedIssuer(c *Claims) string {
	if want := r.hosts.issuer(c.Version, c.TenantID); want != "" {
		return quoted(want)
	}
	return "a token of version 1.0 or 2.0"
}

// sameAudience compares to the letter, but for one slash at the end: whether an App ID URI has it is easily overlooked, and
// nobody else can have the other spelling.
func sameAudience(want, found string) bool {
	if strings.HasSuffix(found, "//") {
		return false
	}
	return found == want || found == want+"/" || found+"/" == want
}

// isClient says whether the caller is one of ids: by its object id, or by its client id where an application calls for
// itself. A user's token names the client that the user signed in with, which anybody can use.
func isClient(c *Claims, ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		return id != "" && (strings.EqualFold(id, c.ObjectID) || c.AppOnly && strings.EqualFold(id, c.ClientID))
	})
}

// caller names the bearer of a token for a log.
func caller(c *Claims) string {
	who := "object id " + quoted(c.ObjectID)
	if c.ClientID != "" {
		who += ", client id " + quoted(c.ClientID)
	}
	return who
}
