package main

import (
	"cmp"
	"strings"
	"time"
)

// warning is a property of a token that services may reject.
type warning struct {
	Code string `json:"code"` // for scripts
	Text string `json:"text"` // for people: what it is, and what to do
}

// warnings returns the warnings about a token at now. wantVersion is the token version that the
// service accepts, "" if unknown.
func warnings(d decoded, wantVersion string, now time.Time) []warning {
	found := []warning{} // not nil: JSON has [] then
	add := func(is bool, code, text string) {
		if is {
			found = append(found, warning{code, text})
		}
	}
	user := !d.AppOnly && len(d.Scopes) > 0
	add(d.Nonce, "microsoft_api", "its header has a nonce: it is for one of Microsoft's own APIs, which alone can verify it; "+
		"request a token for the App ID URI of your own service")
	add(!d.ExpiresOn.IsZero() && !now.Before(d.ExpiresOn), "expired", "it expired "+relative(d.ExpiresOn, now)+"; get a new one")
	add(d.ExpiresOn.IsZero(), "no_expiry", "it has no expiry, which every token of Entra ID has")
	add(d.NotBefore.After(now), "not_yet_valid", "it becomes valid "+relative(d.NotBefore, now)+"; check the clock of this machine")
	add(user, "user_token", "it belongs to a user (its scopes are "+strings.Join(d.Scopes, ", ")+"), not to an application or managed identity")
	add(len(d.Roles) == 0 && len(d.Scopes) == 0, "no_roles", "it has no roles, so it proves only that the caller exists in your tenant; grant the identity an app role of the service "+
		"(tokens already issued keep their old roles for up to 24 h)")
	add(wantVersion != "" && d.Version != wantVersion+".0", "version", "its version is "+cmp.Or(d.Version, "none")+", not "+wantVersion+".0; "+
		"this is set in the manifest of the service's application (requestedAccessTokenVersion), not by the caller")
	add(d.Algorithm != "RS256", "algorithm", "its algorithm is "+cmp.Or(d.Algorithm, "none")+"; Entra ID signs with RS256")
	add(d.Audience == "", "no_audience", "it names no single audience")
	return found
}
