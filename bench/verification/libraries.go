package main

import (
	"context"
	"net/http"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// What every verifier here demands: a token of this issuer for this audience, signed by RS256, that
// ends.
const (
	audience = "https://orders.example.com"
	issuer   = "https://sts.windows.net/" + imdstest.DefaultTenantID + "/"
	keysURL  = "https://imds.test/" + imdstest.DefaultTenantID + "/discovery/keys"
)

// role is what the callers of the service have.
const role = "reader"

// entra returns an issuer whose first identity has the role.
func entra() *imdstest.Server {
	return imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{Roles: map[string][]string{audience: {role}}}}})
}

// verify returns the roles of a token, or an error if it is invalid.
type verify func(ctx context.Context, token string) (roles []string, err error)

// library makes a verifier with the keys of an issuer, set up as the library's documentation has
// it. close ends it.
type library struct {
	name string
	new  func(ctx context.Context, hc *http.Client) (v verify, close func(), err error)
}

// libraries are aztoken and its peers.
func libraries() []library {
	return []library{aztoken(), goJOSE(), goOIDC(), golangJWT(), jwx()}
}

// claims are those that a service reads itself if the library does not.
type claims struct {
	Roles []string `json:"roles"`
}

func nothing() {}
