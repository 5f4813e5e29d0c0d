package main

import (
	"strings"
	"time"
)

// An oddity is what a service may stumble over.
type oddity struct {
	Code string `json:"code"` // for scripts
	Text string `json:"text"` // for people: what it is, and what to do
}

// oddities are those of a token at now. wantVersion is that of the tokens which the service takes, "" where nobody has said.
func oddities(d decoded, wantVersion string, now time.Time) []oddity {
	found := []oddity{} // not nil: JSON has [] then
	add := func(is bool, code, text string) {
		if is {
			found = append(found, oddity{code, text})
		}
	}
	user := !d.AppOnly && len(d.Scopes) > 0
	add(d.Nonce, "microsoft_api", "the header has a nonce: the token is for one of Microsoft's own APIs, and nobody else can check its signature; ask for a token for your service's own App ID URI")
	add(!d.ExpiresOn.IsZero() && !now.Before(d.ExpiresOn), "expired", "it expired "+relative(d.ExpiresOn, now)+"; get a new one")
	add(d.ExpiresOn.IsZero(), "no_expiry", "it does not say when it expires, which every token of Entra ID does")
	add(d.NotBefore.After(now), "not_yet_valid", "it is valid from "+relative(d.NotBefore, now)+" on; see that the clock of this machine is right")
	add(user, "user_token", "it is a user's (it has the scopes "+strings.Join(d.Scopes, ", ")+"), not an application's own, as a managed identity's is")
	add(len(d.Roles) == 0 && len(d.Scopes) == 0, "no_roles", "it has no roles, so it shows only that its bearer is somebody; grant the identity an app role of the service, and wait: tokens that are out keep their roles for up to 24 h")
	add(wantVersion != "" && d.Version != wantVersion+".0", "version", "it is of version "+orNone(d.Version)+" and "+wantVersion+".0 is wanted; the manifest of the service's application decides (requestedAccessTokenVersion), not the caller")
	add(d.Algorithm != "RS256", "algorithm", "its header says "+orNone(d.Algorithm)+", and Entra ID signs by RS256")
	add(d.Audience == "", "no_audience", "it does not say for which service it is")
	return found
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
