package hosts

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// finish returns the answer of a host: token if it is of the tenant that was asked for, otherwise
// err, to whose failure explain adds what the host means by it.
func finish(tenant string, token azcore.AccessToken, err error, explain func(*wire.Failure)) (azcore.AccessToken, error) {
	if err == nil {
		return ofTenant(tenant, token)
	}
	var f *wire.Failure
	if errors.As(err, &f) {
		explain(f)
	}
	return azcore.AccessToken{}, err
}

// reasonOf returns the reason that an endpoint's code or text names, Unknown if they name none. The
// code comes first, because codes are made for programs; the text counts only without one of
// Entra's codes, which have their own meaning.
func reasonOf(f *wire.Failure) wire.Reason {
	switch {
	case f.StatusCode < 400 || f.StatusCode >= http.StatusInternalServerError:
		return wire.Unknown // a host that is down may answer anything
	case missingCode.MatchString(f.Code):
		return wire.IdentityNotFound
	case len(f.EntraCodes) > 0 || isPage(f):
		return wire.Unknown
	case severalWords.MatchString(f.Description):
		return wire.IdentityAmbiguous
	case missingWords.MatchString(f.Description):
		return wire.IdentityNotFound
	}
	return wire.Unknown
}

var (
	// missingCode matches the codes of hosts for an identity that does not exist:
	// ManagedIdentityNotFound, DefaultIdentityNotDefined, identity_not_found.
	missingCode = regexp.MustCompile(`(?i)identity[_-]?(is[_-]?)?(not|un)[_-]?(found|defined|assigned|configured|exist)`)
	// missingWords matches their texts: "Identity not found" (IMDS, Azure Arc, pod identity), "No
	// User Assigned or Delegated Managed Identity found for specified …" (App Service), "No MSI
	// found for …" (App Service of old), "no azure identity found for request" (pod identity),
	// "Unable to load the proper Managed Identity" (App Service).
	missingWords = regexp.MustCompile(`(?i)\bidentity (was |is |could |does )?not (be )?(found|assigned|defined|configured|exist)` +
		`|\bno\b[^.,:;]{0,40}\b(identity|msi)\b[^.,:;]{0,20}\bfound\b|unable to load the proper managed identity`)
	// severalWords matches the texts of IMDS, and of hosts modeled on it, for several identities of
	// which none was named.
	severalWords = regexp.MustCompile(`(?i)\bmultiple\b.{0,30}\bidentities\b`)
)

// isStranger reports whether what answered a request is not an identity endpoint. named reports
// whether something names its address: then a 403 or an outage may come from a proxy in front of
// the endpoint, which proves nothing.
//
// An endpoint answers in JSON, without a body, or signed by IMDS; some throttle in prose.
func isStranger(f *wire.Failure, named bool) bool {
	switch {
	case f.StatusCode == 0, f.JSON, f.FromEndpoint, f.StatusCode == http.StatusTooManyRequests:
		return false
	case len(f.EntraCodes) > 0 && !isPage(f):
		return false // an endpoint that passes on Entra's text in prose, as pod identity's does
	case named && (f.StatusCode == http.StatusForbidden || f.StatusCode >= http.StatusInternalServerError):
		return false
	case f.Description != "", f.StatusCode == http.StatusOK:
		return true
	}
	return !f.Retry && f.Server != "" // another server that refuses without a body
}

// isPage reports whether the answer was a page of HTML or XML, whose text proves nothing.
func isPage(f *wire.Failure) bool { return !f.JSON && strings.HasPrefix(f.Description, "<") }

// explainStranger marks the failure of an answer that is not from an identity endpoint. If Retry is
// set, as for a 404, an endpoint may be starting there.
func explainStranger(f *wire.Failure, named bool) {
	if f.Reason == wire.Unknown && isStranger(f, named) {
		f.Reason = wire.NoEndpoint
	}
}

// absentAdvice returns what to do if nothing listens at the address that a variable names.
func absentAdvice(variable string) string {
	return "nothing answers at the address in $" + variable + ": unset it if it was copied from another machine; " +
		"otherwise the agent of the host is not up yet: try again"
}

// staleSecret returns what to do if the endpoint rejects the secret that a variable has.
func staleSecret(variable string) string {
	return "the endpoint rejects the value of $" + variable + "; read it from the process's own environment at each start, as it changes"
}

// entraAdvice returns what to do about Entra's codes, "" if there is none or the advice of the host
// is better.
func entraAdvice(f *wire.Failure) string {
	if known, ok := FindEntraError(f.EntraCodes); ok {
		return known.Advice
	}
	if len(f.EntraCodes) == 0 || f.Retry || f.Code == "invalid_resource" {
		return ""
	}
	return fmt.Sprintf("look up AADSTS%d at https://login.microsoftonline.com/error?code=%[1]d, "+
		"and in Entra's sign-in logs of service principals and managed identities", f.EntraCodes[0])
}
