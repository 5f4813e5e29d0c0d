package telemetry

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/verify"
)

// How a request ends.
const (
	OK    = "ok"
	Error = "error"
)

// Outcomes returns all ways in which a request ends.
func Outcomes() []string { return []string{OK, Error} }

// Outcome returns how the request that ev reports ended, "" if it reports none.
func Outcome(ev aztoken.Event) string {
	switch ev.Kind {
	case aztoken.EventAcquired, aztoken.EventUnchanged:
		return OK
	case aztoken.EventFailed:
		return Error
	}
	return ""
}

// Error types that are neither a status nor a code of the endpoint. unknown is OpenTelemetry's name
// for it.
const (
	timeout  = "timeout"
	noAnswer = "no_answer" // no connection; or a credential failed by itself
	unknown  = "_OTHER"
)

// codes are those of RFC 6749, RFC 8707 and OpenID Connect that endpoints use. Other codes are not
// labels, because something that answers in an endpoint's place could make up any.
var codes = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
	"invalid_resource", "invalid_target", "access_denied", "interaction_required", "consent_required", "login_required",
	"temporarily_unavailable", "server_error",
}

// ErrorType returns the kind of an error of a client, one of a closed set: a sentinel's, the
// endpoint's code, or its status. It contains none of the error's text.
func ErrorType(err error) (kind string) {
	kind = unknown
	_ = guard.Run(func() { // the cause may be a foreign error, which may panic
		if found := errorType(err); found != "" {
			kind = found
		}
	})
	return kind
}

func errorType(err error) string {
	var e *aztoken.Error
	switch {
	case errors.Is(err, aztoken.ErrNoManagedIdentity):
		return "no_managed_identity"
	case errors.Is(err, aztoken.ErrIdentityNotFound):
		return "identity_not_found"
	case errors.Is(err, aztoken.ErrIdentityAmbiguous):
		return "identity_ambiguous"
	case !errors.As(err, &e):
		return unknown
	case slices.Contains(codes, e.Code):
		return e.Code
	case http.StatusContinue <= e.StatusCode && e.StatusCode < 600:
		return strconv.Itoa(e.StatusCode)
	case e.StatusCode == 0 && e.Code == "" && errors.Is(err, os.ErrDeadlineExceeded):
		return timeout
	case e.StatusCode == 0 && e.Code == "":
		return noAnswer
	}
	return unknown
}

// reasons are why a verifier does not accept a token. An error that wraps another comes before it.
var reasons = []struct {
	err  error
	name string
}{
	{verify.ErrKeysUnavailable, "keys_unavailable"},
	{verify.ErrUnavailable, "unavailable"},
	{verify.ErrNoToken, "no_token"},
	{verify.ErrMalformed, "malformed"},
	{verify.ErrMicrosoftAPI, "microsoft_api"},
	{verify.ErrNotAccessToken, "not_access_token"},
	{verify.ErrBoundToken, "bound_token"},
	{verify.ErrSignature, "signature"},
	{verify.ErrIssuer, "issuer"},
	{verify.ErrTenant, "tenant"},
	{verify.ErrAudience, "audience"},
	{verify.ErrExpired, "expired"},
	{verify.ErrNotYetValid, "not_yet_valid"},
	{verify.ErrCaller, "caller"},
	{verify.ErrRole, "role"},
	{verify.ErrScope, "scope"},
}

// Reason returns why a verifier did not accept a token, one of a closed set. Requirements of the
// program's own are "_OTHER".
func Reason(err error) (name string) {
	name = unknown
	_ = guard.Run(func() { // a requirement's error may be a foreign one, which may panic
		for _, r := range reasons {
			if errors.Is(err, r.err) {
				name = r.name
				return
			}
		}
	})
	return name
}
