package verify

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// rules are the Options for a token's claims, in the form that is compared.
type rules struct {
	issuers   issuers
	audiences []string
	tenants   []string // none: any
	callers   []string // in lower case; none: any
	roleless  bool
	skew      time.Duration
}

var errNoObject = errors.New("its claim oid is missing or blank")

// check returns what is wrong with the claims of a token that key has signed, nil for nothing.
func (r rules) check(c *Claims, key *signingKey, now time.Time) *Error {
	switch {
	case !isGUID(c.TenantID):
		return newError(ErrIssuer, "tid "+quoted(c.TenantID), "a tenant's GUID")
	case !r.issuers.accepts(c.Issuer, c.Version, c.TenantID):
		return newError(ErrIssuer, quoted(c.Issuer), r.wantedIssuer(c))
	case !key.maySign(r.issuers, c.TenantID):
		return newError(ErrIssuer, "a key of "+key.origins[0].String(), "one of tenant "+c.TenantID)
	case len(r.tenants) > 0 && !slices.Contains(r.tenants, c.TenantID):
		return newError(ErrTenant, c.TenantID, oneOf(r.tenants))
	case c.seen.idToken != "":
		return newError(ErrNotAccessToken, "the claim "+c.seen.idToken+", as ID tokens have", "")
	case isBlank(c.ClientID):
		return newError(ErrNotAccessToken, "no client id (appid or azp)", "that of the application that asked for the token")
	case c.seen.cnf:
		return newError(ErrBoundToken, "the claim cnf", "a bearer token")
	case isBlank(c.ObjectID):
		return malformed(errNoObject)
	case !slices.ContainsFunc(r.audiences, func(a string) bool { return sameAudience(a, c.Audience) }):
		return newError(ErrAudience, quoted(c.Audience), oneOf(r.audiences))
	case !now.Before(c.ExpiresOn.Add(r.skew)):
		return newError(ErrExpired, "an end at "+stamp(c.ExpiresOn), "one after "+stamp(now))
	case now.Before(c.NotBefore.Add(-r.skew)):
		return newError(ErrNotYetValid, "a start at "+stamp(c.NotBefore), "one before "+stamp(now))
	case len(r.callers) > 0:
		if err := checkCaller(c, r.callers); err != nil {
			return err
		}
	}
	if !r.roleless && len(c.Roles) == 0 && len(c.Scopes) == 0 {
		return newError(ErrRole, "neither roles nor scopes in the token of "+caller(c), "")
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (r rules) wantedIssuer(c *Claims) string {
	if want := r.issuers.want(c.Version, c.TenantID); len(want) > 0 {
		return oneOf(want)
	}
	return "a token of version 1.0 or 2.0"
}

// sameAudience compares exactly, except for one trailing slash: it is easily overlooked in an App
// ID URI, and no other application can have the other spelling.
func sameAudience(want, found string) bool {
	if want == found {
		return !strings.HasSuffix(found, "//")
	}
	longer, shorter := want, found
	if len(longer) < len(shorter) {
		longer, shorter = shorter, longer
	}
	return !strings.HasSuffix(found, "//") && len(longer) == len(shorter)+1 && strings.HasSuffix(longer, "/") && longer[:len(shorter)] == shorter
}
