package verify

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// parameters are those that a service has in all its challenges.
type parameters struct {
	realm    string
	metadata string // URL, RFC 9728
}

// StatusCode returns the HTTP status for e: 400 for an Authorization header that is not understood,
// 401 without a token or with one that is not valid, 403 if a requirement is not met, and 503 if
// the token cannot be checked at the moment.
func (e *Error) StatusCode() int {
	if e == nil {
		return http.StatusForbidden
	}
	switch e.sentinel {
	case ErrUnavailable, ErrKeysUnavailable:
		return http.StatusServiceUnavailable
	case ErrRole, ErrScope, ErrCaller:
		return http.StatusForbidden
	case nil: // a custom requirement
		if errors.Is(e.cause, ErrUnavailable) {
			return http.StatusServiceUnavailable
		}
		return http.StatusForbidden
	}
	return cmp.Or(e.status, http.StatusUnauthorized)
}

// Challenge returns the value of WWW-Authenticate for e (RFC 6750, section 3), "" for a 503. It
// does not say which check failed: that is for the log.
func (e *Error) Challenge() string {
	status := e.StatusCode()
	if status == http.StatusServiceUnavailable {
		return ""
	}
	var all []string
	add := func(name, value string) {
		if value != "" {
			all = append(all, name+`="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)+`"`)
		}
	}
	if e != nil {
		add("realm", e.challenge.realm)
		add("resource_metadata", e.challenge.metadata)
	}
	if e == nil || e.sentinel != ErrNoToken {
		add("error", map[int]string{400: "invalid_request", 401: "invalid_token", 403: "insufficient_scope"}[status])
		add("error_description", e.description())
	}
	if len(all) == 0 {
		add("realm", "api") // RFC 6750: at least one parameter
	}
	return "Bearer " + strings.Join(all, ", ")
}

// description is what the answer tells the caller. It quotes nothing.
func (e *Error) description() string {
	switch status := e.StatusCode(); {
	case status == http.StatusServiceUnavailable:
		return ErrUnavailable.Error()
	case status == http.StatusForbidden:
		return "a requirement of this route is not met"
	case status == http.StatusBadRequest:
		return "the Authorization header is not Bearer and one token"
	case e.sentinel == ErrNoToken:
		return "a bearer token is required"
	}
	return "the token is not accepted"
}

// Refusal returns err, which v or [BearerToken] returned, as the [*Error] that [Verifier.Handler]
// would answer: with the Realm and the ResourceMetadata of v in its challenge, and 503 for
// [ErrClosed]. It returns nil for nil.
func (v *Verifier) Refusal(err error) *Error {
	if err == nil {
		return nil
	}
	e, ok := err.(*Error)
	if !ok || e == nil {
		e = &Error{sentinel: ErrUnavailable, cause: err}
	}
	own := e.clone()
	if v != nil {
		v.answers(own)
	}
	return own
}

// answers completes e with what an answer to a request says: the challenge of v, and when to try
// again.
func (v *Verifier) answers(e *Error) {
	e.challenge = v.challenge
	if e.StatusCode() != http.StatusServiceUnavailable {
		return
	}
	var inner *Error
	if e.RetryAfter == 0 && errors.As(e.cause, &inner) && inner != nil {
		e.RetryAfter = inner.RetryAfter
	}
	e.RetryAfter = max(e.RetryAfter, firstBackoff)
}

// clone returns a copy of e that belongs to one caller.
func (e *Error) clone() *Error {
	c := *e
	return &c
}

// refuse answers a request that is not let through.
func (v *Verifier) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := v.Refusal(err)
	if challenge := e.Challenge(); challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	} else {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if v != nil && v.onError != nil {
		v.onError(w, r, e)
		return
	}
	http.Error(w, e.description(), e.StatusCode())
}
