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

// finish returns what a host said to r: token if it is what was asked for, else err, after explain
// has added to the failure in it what the host means by it.
func finish(r Request, token azcore.AccessToken, err error, explain func(*wire.Failure)) (azcore.AccessToken, error) {
	if err == nil {
		return ofTenant(r, token)
	}
	var f *wire.Failure
	if errors.As(err, &f) {
		explain(f)
	}
	return azcore.AccessToken{}, err
}

// reasonOf returns the reason that an endpoint's code or words tell, Unknown if they tell none. A
// code counts, as codes are made for programs; words count where there is no number of Entra's,
// which has a meaning of its own.
func reasonOf(f *wire.Failure) wire.Reason {
	switch {
	case f.StatusCode < 400 || f.StatusCode >= http.StatusInternalServerError:
		return wire.Unknown // a host that is down may say anything
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
	// missingCode is how hosts code that an identity is not there: ManagedIdentityNotFound,
	// DefaultIdentityNotDefined, identity_not_found.
	missingCode = regexp.MustCompile(`(?i)identity[_-]?(is[_-]?)?(not|un)[_-]?(found|defined|assigned|configured|exist)`)
	// missingWords is how they say it: "Identity not found" (IMDS, Azure Arc, pod identity), "No
	// User Assigned or Delegated Managed Identity found for specified …" (App Service), "No MSI
	// found for …" (App Service of old), "no azure identity found for request" (pod identity),
	// "Unable to load the proper Managed Identity" (App Service).
	missingWords = regexp.MustCompile(`(?i)\bidentity (was |is |could |does )?not (be )?(found|assigned|defined|configured|exist)` +
		`|\bno\b[^.,:;]{0,40}\b(identity|msi)\b[^.,:;]{0,20}\bfound\b|unable to load the proper managed identity`)
	// severalWords is how IMDS and those modelled on it say that there is more than one and none
	// was named.
	severalWords = regexp.MustCompile(`(?i)\bmultiple\b.{0,30}\bidentities\b`)
)

// isStranger reports whether what answered a request is not an identity endpoint. named says that
// something names its address: then a 403 or an outage may be those of what stands before the
// endpoint, and no more is known.
//
// An endpoint answers in JSON, without a body, or signed by IMDS; some throttle in prose.
func isStranger(f *wire.Failure, named bool) bool {
	switch {
	case f.StatusCode == 0, f.JSON, f.FromEndpoint, f.StatusCode == http.StatusTooManyRequests:
		return false
	case len(f.EntraCodes) > 0 && !isPage(f):
		return false // the prose of one that passes Entra's words on, as pod identity's does
	case named && (f.StatusCode == http.StatusForbidden || f.StatusCode >= http.StatusInternalServerError):
		return false
	case f.Description != "", f.StatusCode == http.StatusOK:
		return true
	}
	return !f.Retry && f.Server != "" // another server's refusal without a word
}

// isPage reports whether the answer was a page of HTML or XML, which may speak of anything.
func isPage(f *wire.Failure) bool { return !f.JSON && strings.HasPrefix(f.Description, "<") }

// explainStranger marks the failure of an answer that is not an identity endpoint's. Where Retry is
// set, as for a 404, it may be that one is coming up there.
func explainStranger(f *wire.Failure, named bool) {
	if f.Reason == wire.Unknown && isStranger(f, named) {
		f.Reason = wire.NoEndpoint
	}
}

// absentAdvice is what to do where nothing listens at the address that a variable names.
func absentAdvice(variable string) string {
	return "nothing answers at the address in $" + variable + ": unset it if it was copied from another machine; else the host's agent is not up yet, and calling again will do"
}

// entraAdvice returns what to do about Entra's numbers, "" where there is none or the host knows
// better.
func entraAdvice(f *wire.Failure) string {
	if known, ok := FindEntraError(f.EntraCodes); ok {
		return known.Advice
	}
	if len(f.EntraCodes) == 0 || f.Retry || f.Code == "invalid_resource" {
		return ""
	}
	return fmt.Sprintf("look AADSTS%d up at https://login.microsoftonline.com/error?code=%[1]d, and in Entra's sign-in logs, among those of service principals and managed identities", f.EntraCodes[0])
}
