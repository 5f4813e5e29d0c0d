package verify

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What a token can fail for. Errors of [Verifier.Verify] are an [*Error] for which [errors.Is] finds one of these.
var (
	// ErrKeysUnavailable: there are no keys to check the token with, as Entra cannot
	// be reached or what answers is not Entra. The token may be good.
	ErrKeysUnavailable = errors.New("the signing keys are not available")
	// ErrMalformed: it is no token of the form that Entra's have.
	ErrMalformed = errors.New("malformed token")
	// ErrMicrosoftAPI: it is a token for one of Microsoft's own APIs, which nobody else can check.
	ErrMicrosoftAPI = errors.New("a token for a Microsoft API")
	// ErrSignature: no key of Entra has signed it.
	ErrSignature = errors.New("bad signature")
	// ErrIssuer: somebody else than the tenant of the token issued it.
	ErrIssuer = errors.New("wrong issuer")
	// ErrTenant: the token is of a tenant that is not accepted.
	ErrTenant = errors.New("wrong tenant")
	// ErrAudience: the token is for another service.
	ErrAudience = errors.New("wrong audience")
	// ErrExpired: the token has expired.
	ErrExpired = errors.New("expired token")
	// ErrNotYetValid: the token will be valid later.
	ErrNotYetValid = errors.New("token not valid yet")
	// ErrClient: the caller is none of those who may call.
	ErrClient = errors.New("caller not allowed")
	// ErrRole: the token lacks a role, or has neither roles nor scopes.
	ErrRole = errors.New("missing role")
	// ErrClosed: the verifier was closed.
	ErrClosed = errors.New("verify: the verifier is closed; make one that lives as long as the program")
)

// Error is why a token was not accepted. It never contains the token.
type Error struct {
	// Found and Wanted are what the check that failed looked at, as text; "" where there is nothing to show.
	Found, Wanted string
	// RetryAfter is the time to the next try to get keys, for ErrKeysUnavailable.
	RetryAfter time.Duration

	sentinel error
	cause    error
}

// Error says which check failed, what was found and wanted, and what to do.
func (e *Error) Error() string {
	what := "not accepted" // of an Error that a requirement of somebody else made
	if e.sentinel != nil {
		what = e.sentinel.Error()
	}
	var b strings.Builder
	b.WriteString("verify: " + what)
	if e.Found != "" {
		b.WriteString(": found " + e.Found)
	}
	if e.Wanted != "" {
		b.WriteString(", wanted " + e.Wanted)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	b.WriteString("; " + e.advice())
	return b.String()
}

// Unwrap gives the sentinel and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.sentinel, e.cause} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// advice is what somebody who reads the error in a log should do.
func (e *Error) advice() string {
	switch e.sentinel {
	case ErrKeysUnavailable:
		return "call again later; if Entra ID is down, Options.KeyFile helps services that start meanwhile"
	case ErrMalformed:
		return "send an access token of Entra ID as it is, in the header Authorization: Bearer"
	case ErrMicrosoftAPI:
		return "the caller must ask for a token for this service's own App ID URI"
	case ErrSignature:
		return "the caller must get its token from Entra ID; if it did, see that Options.Cloud and Options.AppID are right"
	case ErrIssuer:
		return "the caller must get its token from Entra ID; if it did, see that Options.Cloud is right"
	case ErrTenant:
		return "add the tenant to Options.Tenants if it is to be accepted"
	case ErrAudience:
		return "the caller must ask for a token for this service, or the audience be added to Options.Audiences, to the letter"
	case ErrExpired:
		return "the caller must get a new token; see that its clock and this machine's are right"
	case ErrNotYetValid:
		return "see that the clock of this machine is right"
	case ErrClient:
		return "add the caller's object id or client id to those who may call"
	case ErrRole:
		return "assign the role to the caller; tokens that are out already keep their roles for up to 24 h"
	}
	return "ask the caller for another token"
}

// quoted is text from a token, short and printable.
func quoted(text string) string {
	const enough = 120 // for an App ID URI or an issuer
	if len(text) > enough {
		return strconv.QuoteToASCII(text[:enough]) + "…"
	}
	return strconv.QuoteToASCII(text)
}

// oneOf lists what was wanted.
func oneOf(texts []string) string {
	const most = 4
	all := make([]string, 0, most)
	for i, t := range texts {
		if i == most {
			all = append(all, fmt.Sprintf("%d more", len(texts)-most))
			break
		}
		all = append(all, quoted(t))
	}
	return strings.Join(all, " or ")
}
