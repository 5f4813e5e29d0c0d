package verify

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Errors of a [Verifier] are an [*Error] for which [errors.Is] finds one of these, unless a
// [Requirement] brings its own.
var (
	// ErrUnavailable means that a token cannot be checked at the moment and may be valid. A
	// [Requirement] that cannot decide wraps it in its error, and the answer is 503 in place of
	// 403.
	ErrUnavailable = errors.New("tokens cannot be checked at the moment")
	// ErrKeysUnavailable means that there are no keys to check the token with, because Entra ID
	// cannot be reached or something else answers in its place. The token may be valid. It wraps
	// ErrUnavailable.
	ErrKeysUnavailable error = &kind{"the signing keys are not available", ErrUnavailable}
	// ErrNoToken means that a request has no bearer token.
	ErrNoToken = errors.New("no bearer token")
	// ErrMalformed means that the token is not in the form of an Entra access token, or that the
	// Authorization header is not in the form of RFC 6750.
	ErrMalformed = errors.New("malformed token")
	// ErrMicrosoftAPI means that the token is for one of Microsoft's own APIs, and only they can
	// check it.
	ErrMicrosoftAPI = errors.New("a token for a Microsoft API")
	// ErrNotAccessToken means that Entra signed the token, but as another kind, such as an ID
	// token.
	ErrNotAccessToken = errors.New("not an access token")
	// ErrBoundToken means that the token is bound to a key of the caller, so it is not a bearer
	// token.
	ErrBoundToken = errors.New("a token bound to a key")
	// ErrSignature means that no key of Entra has signed the token.
	ErrSignature = errors.New("bad signature")
	// ErrIssuer means that the token was not issued by the tenant that it names.
	ErrIssuer = errors.New("wrong issuer")
	// ErrTenant means that tokens of this tenant are not accepted.
	ErrTenant = errors.New("wrong tenant")
	// ErrAudience means that the token is for another service.
	ErrAudience = errors.New("wrong audience")
	// ErrExpired means that the token has expired.
	ErrExpired = errors.New("expired token")
	// ErrNotYetValid means that the token is not valid yet.
	ErrNotYetValid = errors.New("token not valid yet")
	// ErrCaller means that the caller is not one of those who may call.
	ErrCaller = errors.New("caller not allowed")
	// ErrRole means that the token lacks a role, or has neither roles nor scopes.
	ErrRole = errors.New("missing role")
	// ErrScope means that the token lacks a scope.
	ErrScope = errors.New("missing scope")
	// ErrClosed means that the Verifier was closed.
	ErrClosed = errors.New("verify: the verifier is closed; create one that lives as long as the program")
)

// kind is a sentinel that is a special case of another one.
type kind struct {
	text string
	of   error
}

func (k *kind) Error() string { return k.text }
func (k *kind) Unwrap() error { return k.of }

// Error reports why a token was not accepted. It never contains the token.
type Error struct {
	// Found and Wanted are what the failed check looked at, as text; "" if there is nothing to
	// show.
	Found, Wanted string
	// Advice is what to do about it, for a reader of the service's log.
	Advice string
	// RetryAfter is when to try again if the token cannot be checked at the moment: for
	// ErrKeysUnavailable the time until the next attempt to get keys.
	RetryAfter time.Duration

	sentinel  error
	cause     error
	status    int        // of a request that is malformed; 0: that of the sentinel
	challenge parameters // of the Verifier
}

// newError returns an error of a failed check, with its advice.
func newError(sentinel error, found, wanted string) *Error {
	return &Error{Found: found, Wanted: wanted, Advice: advice[sentinel], sentinel: sentinel}
}

// malformed returns the error of a token that is refused for its form.
func malformed(err error) *Error {
	if errors.Is(err, errNonce) {
		return newError(ErrMicrosoftAPI, "a nonce in its header", "")
	}
	e := newError(ErrMalformed, "", "")
	e.cause = err
	return e
}

// unavailable returns the error of a token that cannot be checked because there are no keys.
func unavailable(cause error, retryAfter time.Duration) *Error {
	e := newError(ErrKeysUnavailable, "", "")
	e.cause, e.RetryAfter = cause, max(firstBackoff, retryAfter)
	return e
}

// Error returns which check failed, what it found and wanted, and the advice.
func (e *Error) Error() string {
	if e == nil {
		return "verify: no error; return nil as an error, not a nil *verify.Error"
	}
	what := "a requirement is not met" // a custom one
	if e.sentinel != nil {
		what = e.sentinel.Error()
	}
	facts := []string{"verify: " + what}
	if e.Found != "" {
		facts = append(facts, "found "+e.Found)
	}
	text := join(": ", facts...)
	if e.Wanted != "" {
		text = join(", ", text, "wanted "+e.Wanted)
	}
	if e.cause != nil {
		text = join(": ", text, e.cause.Error())
	}
	return join("; ", text, e.Advice)
}

// join puts parts of a message together, leaving out empty ones. A part that is a sentence loses
// its period.
func join(separator string, parts ...string) string {
	var all []string
	for i, p := range parts {
		if i < len(parts)-1 {
			p = strings.TrimRight(p, ".,:; ")
		}
		if p != "" {
			all = append(all, p)
		}
	}
	return strings.Join(all, separator)
}

// Unwrap returns the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e == nil {
		return nil
	}
	var errs []error
	for _, err := range []error{e.sentinel, e.cause} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// advice is what a reader of the service's log should do about an error.
var advice = map[error]string{
	ErrKeysUnavailable: "call again later; if Entra ID is down, Options.KeyFile helps services that start meanwhile",
	ErrNoToken:         "send an access token in the header Authorization: Bearer",
	ErrMalformed:       "send an access token of Entra ID unchanged, in the header Authorization: Bearer",
	ErrMicrosoftAPI:    "the caller must ask for a token for this service's own App ID URI",
	ErrNotAccessToken:  "send the access token",
	ErrBoundToken:      "the caller must ask for a bearer token, without proof of possession",
	ErrSignature:       "the caller must get its token from Entra ID; if it did, check Options.Cloud and Options.AppID",
	ErrIssuer:          "the caller must get its token from Entra ID; if it did, check Options.Cloud and Options.Issuers",
	ErrTenant:          "add the tenant to Options.Tenants to accept it",
	ErrAudience:        "the caller must ask for a token for this service, or the audience must be added to Options.Audiences exactly as it is",
	ErrExpired:         "the caller must get a new token; check its clock and that of this machine",
	ErrNotYetValid:     "check the clock of this machine",
	ErrCaller:          "add the caller's object id or client id to those who may call",
	ErrRole:            "assign the role to the caller; tokens already issued keep their roles for up to 24 h",
	ErrScope:           "the client must ask for the scope, and the user or an administrator must consent to it",
}

const (
	adviceIDType = "add the optional claim idtyp to the access tokens in this service's manifest"
	// The others are about mistakes in the service itself.
	adviceNil      = "remove the nil Requirement from the route"
	adviceTypedNil = "let the Requirement return nil as an error to let a caller in"
	advicePanic    = "fix the Requirement, which panicked"
)

// quoted returns text from a token, short and printable.
func quoted(text string) string {
	const enough = 120 // for an App ID URI or an issuer
	if isPlain(text) && len(text) <= enough {
		return `"` + text + `"`
	}
	if len(text) > enough {
		return strconv.QuoteToASCII(text[:enough]) + "…"
	}
	return strconv.QuoteToASCII(text)
}

// isPlain reports whether strconv.QuoteToASCII only puts text between quotation marks.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
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

// peerError is an error whose text may come from a peer: it shows a bounded and printable part.
type peerError struct{ err error }

func (e peerError) Error() string { return printable(e.err.Error()) }
func (e peerError) Unwrap() error { return e.err }

// fromPeer returns err as a peerError, nil for nil.
func fromPeer(err error) error {
	if err == nil {
		return nil
	}
	return peerError{err}
}

// printable returns text cut to a line of a log, without control characters.
func printable(text string) string {
	const enough = 300
	cut := len(text) > enough
	if cut {
		text = text[:enough]
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, text)
	if cut {
		text += "…"
	}
	return text
}
