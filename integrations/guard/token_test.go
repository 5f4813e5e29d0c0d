package guard_test

import (
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// These match examples/guard/guard.yaml.
const (
	audience = "api://orders"
	tenant   = "aaaaaaaa-0000-4000-8000-000000000000"
)

// identity is the identity of a caller according to its token.
type identity struct{ tenant, objectID, clientID, roles, scopes string }

// nobody is the caller of an open route.
var nobody identity

// identityHeaders are the headers that the guard sets.
var identityHeaders = []string{"X-Auth-Tenant", "X-Auth-Object-Id", "X-Auth-Client-Id", "X-Auth-Roles", "X-Auth-Scopes", "X-Auth-Claims"}

// headers returns the headers that tell the service who the caller is.
func (i identity) headers() map[string]string {
	told := map[string]string{}
	for at, value := range []string{i.tenant, i.objectID, i.clientID, i.roles, i.scopes} {
		if value != "" {
			told[identityHeaders[at]] = value
		}
	}
	return told
}

// with returns the default identity with the given roles, comma-separated.
func with(roles string) identity {
	return identity{tenant: tenant, objectID: imdstest.DefaultObjectID, clientID: imdstest.DefaultClientID, roles: roles}
}

// mint returns a token of the default identity with a role.
func (s *stand) mint(role string, edits ...func(*imdstest.JWT)) string {
	return s.imds.Mint(audience, append([]func(*imdstest.JWT){func(j *imdstest.JWT) { j.Claims["roles"] = []string{role} }}, edits...)...)
}

func claim(name string, value any) func(*imdstest.JWT) {
	return func(j *imdstest.JWT) { j.Claims[name] = value }
}

func expired(j *imdstest.JWT) {
	for _, name := range []string{"iat", "nbf", "exp"} {
		j.Claims[name] = j.Claims[name].(int64) - int64((48 * time.Hour).Seconds())
	}
}

// idToken turns a token into an ID token, which a client gets when it signs a user in.
func idToken(j *imdstest.JWT) {
	delete(j.Claims, "appid")
	j.Claims["nonce"] = "n"
}

// ofUser turns a token into one that a user got through an application.
func ofUser(j *imdstest.JWT) {
	j.Claims["sub"] = "another one for each application"
	j.Claims["scp"] = "orders.read"
}
