package aztoken

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

var (
	// ErrNoManagedIdentity means that this machine has no identity endpoint: nothing listens at its
	// address, or something else does (a proxy, Docker Desktop).
	ErrNoManagedIdentity = errors.New("aztoken: no managed identity endpoint")
	// ErrIdentityNotFound means that the host does not have the identity that was asked for, or
	// none at all, or does not have it yet: an assignment takes some minutes to arrive.
	ErrIdentityNotFound = errors.New("aztoken: identity not found")
	// ErrIdentityAmbiguous means that the host has several identities and [Options.ID] names none.
	ErrIdentityAmbiguous = errors.New("aztoken: several identities and none named")
	// ErrClosed means that the client was closed, or not made by NewClient.
	ErrClosed error = final("aztoken: the client is closed, or was not made by NewClient; make one that lives as long as the program")
	// ErrStillRunning means that Close returned before a source or a callback did: a credential
	// must heed its context, and a callback must not call Close.
	ErrStillRunning = errors.New("aztoken: a request for a token or a callback is still running after Close; " +
		"a credential must heed its context, and a callback must not call Close")
)

// final is an error that another try cannot change. NonRetriable tells azcore's retry policy so.
type final string

// Error returns the text.
func (e final) Error() string { return string(e) }

// NonRetriable tells azcore's retry policy not to try again.
func (final) NonRetriable() {}

// Error reports why a token could not be obtained. Its text and its fields never contain one;
// Unwrap returns the error of a credential as it is.
//
// [errors.Is] finds [ErrNoManagedIdentity], [ErrIdentityNotFound] and [ErrIdentityAmbiguous], and
// for a caller that gave up waiting its context's error, also while the endpoint was failing.
type Error struct {
	// Resource is what a token was wanted for.
	Resource string
	// Host is what was asked, in the words of Status.Host.
	Host string
	// Identity is the identity that was asked for, in the words of Status.Identity.
	Identity string
	// Missing is what the request needed and could not get, for people; "" for nothing. With
	// Options.Federation it is the assertion, for which the managed identity had no token: the
	// fields below are then about the request for that.
	Missing string
	// StatusCode is the HTTP status of the endpoint's last answer, 0 if there was none.
	StatusCode int
	// Code is the endpoint's error code, such as "invalid_request", "" if it named none.
	Code string
	// Description is the endpoint's text, shortened; for people, not to branch on.
	Description string
	// RequestID is the id by which Microsoft's support finds the request, "" if the endpoint named
	// none.
	RequestID string
	// Advice is what to do about it, for people; "" if there is nothing to add to the other fields.
	// Error ends with it, and with the option of this package that it is about.
	Advice string

	isOfApp  bool // the request was that of an app registration
	sentinel error
	// causeText is the text of cause, read only once: reading a foreign error may panic, or race
	// with other readers.
	causeText  string
	cause      secret.Value[error] // may quote a token
	retry      bool                // the next try may well succeed
	maxRetries int                 // how many more tries are worth making, 0 for no limit
	retryAfter time.Duration       // the least wait before it
}

// subject is what the errors of a client have in common.
type subject struct {
	// host is for people: "IMDS at http://169.254.169.254 (the environment names no other host)".
	host     string
	identity string
}

// Error says what happened, and ends with what to do about it.
func (e *Error) Error() string {
	facts := []string{"aztoken: no token for " + strconv.Quote(e.Resource)}
	if e.Identity != "" && e.Identity != defaultIdentity {
		facts[0] += " as " + e.Identity
	}
	if e.Host != "" {
		facts[0] += " from " + e.Host
	}
	facts = append(facts, e.Missing, message.Status(e.StatusCode), e.Code, e.Description, e.causeText)
	// The endpoint's own description already says what the other sentinels mean.
	if errors.Is(e.sentinel, ErrNoManagedIdentity) {
		facts = append(facts, strings.TrimPrefix(e.sentinel.Error(), "aztoken: "))
	}
	if e.RequestID != "" && !strings.Contains(e.Description, e.RequestID) {
		facts = append(facts, "request id "+e.RequestID)
	}
	return wire.Redact(message.Join(facts, e.Advice) + e.option())
}

// option names the option that Advice is about, in parentheses, "" for none. Advice uses no Go
// terms, so that a command can print it too.
func (e *Error) option() string {
	switch {
	case e.sentinel == ErrNoManagedIdentity && e.Missing != "":
		return " (or set Options.Federation.Assertion; on a developer's machine Options.Credential in place of Options.Federation)"
	case e.sentinel == ErrNoManagedIdentity:
		return " (or set Options.Credential, on a developer's machine to azidentity's Azure CLI credential)"
	case e.sentinel == ErrIdentityNotFound && e.isOfApp:
		return " (Options.Federation)"
	case e.sentinel == ErrIdentityNotFound, e.sentinel == ErrIdentityAmbiguous:
		return " (Options.ID)"
	}
	return ""
}

// Format writes the message for every verb: %#v would print the fields. It is a method of the
// value, as that is what %v of a dereferenced Error calls.
func (e Error) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(e.Error())) }

// Unwrap returns the sentinel and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.sentinel, e.cause.Reveal()} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// NonRetriable tells azcore's retry policy that the client has done its own retries.
func (e *Error) NonRetriable() {}

// Timeout makes [net/url.Error.Timeout] true for a request whose deadline ended while it waited for
// a token.
func (e *Error) Timeout() bool { return errors.Is(e.cause.Reveal(), context.DeadlineExceeded) }

// newRequestError is the Error of a call that was not worth a request.
func (s subject) newRequestError(r request, cause error) *Error {
	e := s.newCause(r.resource, cause)
	e.Advice = advise(e)
	return e
}

// newWaitError is the Error of a caller whose context ended; last is what the endpoint had said by
// then, nil for nothing.
func (s subject) newWaitError(r request, ctxErr error, last *Error) *Error {
	e := &Error{Resource: r.resource, Host: s.host, Identity: s.identity}
	if last != nil {
		*e = *last
	}
	e.retry, e.retryAfter = false, 0
	if last == nil {
		e.Advice = adviceWait
	} else if last.causeText != "" {
		ctxErr = fmt.Errorf("%w (so far: %s)", ctxErr, last.causeText)
	}
	e.cause, e.causeText = secret.New(ctxErr), ctxErr.Error()
	return e
}

// newError is the Error of one try that ended in err. It calls methods of err, which may be a
// foreign one.
func (p *endpoint) newError(resource string, err error) *Error {
	var (
		e       *Error
		below   *Error
		f       *wire.Failure
		resp    *azcore.ResponseError
		network net.Error
	)
	switch {
	case p.below != nil && errors.As(err, &below) && below != nil:
		return p.newAssertionError(resource, below)
	case errors.As(err, &f) && f != nil:
		e = p.newCause(resource, f.Err)
		e.StatusCode, e.Code, e.Description, e.RequestID, e.Advice = f.StatusCode, f.Code, f.Description, f.RequestID, f.Advice
		e.retry, e.maxRetries, e.retryAfter = f.Retry, f.MaxRetries, f.RetryAfter
		if f.FromEndpoint || f.StatusCode != 0 && f.Reason != wire.NoEndpoint {
			p.answered.Store(true)
		}
		answered := p.answered.Load()
		e.sentinel, e.isOfApp = sentinel(f, answered), p.kind == hosts.AppRegistration
		if f.Unreachable && answered {
			e.Advice = "" // an outage: the advice is for an endpoint that was never there
		}
	case errors.As(err, &resp) && resp != nil:
		e = p.newCause(resource, err)
		e.StatusCode, e.Code, e.retry = resp.StatusCode, wire.Plain(resp.ErrorCode), wire.RetryStatus(resp.StatusCode)
	default:
		e = p.newCause(resource, err)
		e.retry = errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)
	}
	if e.Advice == "" {
		e.Advice = advise(e)
	}
	return e
}

// newAssertionError is the Error of a try that had no assertion because of err.
func (p *endpoint) newAssertionError(resource string, err *Error) *Error {
	e := *err
	e.Resource, e.Host, e.Identity = resource, p.host, p.identity
	e.Missing = "no assertion, which is a token for " + strconv.Quote(err.Resource)
	if err.Identity != defaultIdentity {
		e.Missing += " as " + err.Identity
	}
	if cause := err.cause.Reveal(); isContextError(cause) {
		// The time limit of this try ended, not the caller's.
		e.cause, e.retry = secret.New(errors.New(e.causeText)), true
	} else if err.maxRetries > 0 {
		e.retry = false // the few tries that are worth making were made for the assertion
	}
	return &e
}

// newCause returns an Error with a cause, whose text it reads.
func (s subject) newCause(resource string, cause error) *Error {
	e := &Error{Resource: resource, Host: s.host, Identity: s.identity}
	if cause == nil {
		return e
	}
	e.causeText = wire.Redact(cause.Error())
	if isContextError(cause) {
		// The source's own deadline ended; callers would take it for theirs.
		cause = errors.New(e.causeText)
	}
	e.cause = secret.New(cause)
	return e
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// sentinel returns the sentinel that f means, nil for none. An endpoint that has answered before is
// there.
func sentinel(f *wire.Failure, answered bool) error {
	switch {
	case (f.Reason == wire.NoEndpoint || f.Unreachable) && !answered:
		return ErrNoManagedIdentity
	case f.Reason == wire.IdentityNotFound:
		return ErrIdentityNotFound
	case f.Reason == wire.IdentityAmbiguous:
		return ErrIdentityAmbiguous
	}
	return nil
}

const (
	adviceWait   = "the endpoint has not answered yet; try again with a later deadline"
	adviceOutage = "the endpoint or Entra ID is down or updating; try again later"
)

// advise returns what to do about e, where the host has no better advice.
func advise(e *Error) string {
	cause := e.cause.Reveal()
	switch {
	case errors.Is(cause, errNoResource), errors.Is(cause, errBadName):
		return "pass the App ID URI of the service to call"
	case errors.Is(cause, errBadTenant):
		return "pass the GUID or a domain of the tenant"
	case errors.Is(cause, errNoOther):
		return "call again later: the endpoint is down, or returns the same token again for up to 24 h"
	case errors.Is(e.sentinel, ErrNoManagedIdentity):
		return "run on an Azure host that has a managed identity"
	case errors.Is(e.sentinel, ErrIdentityNotFound):
		return "assign the identity to this host, or correct its id; a new assignment takes some minutes"
	case errors.Is(e.sentinel, ErrIdentityAmbiguous):
		return "name the one to use by its client id, object id or resource id"
	case e.Code == "invalid_resource":
		return "check the resource: it must be exactly the App ID URI of an application in this tenant"
	case e.StatusCode == http.StatusTooManyRequests:
		return "the endpoint is throttling: use one client for the whole program, and try again later"
	case e.retry:
		return adviceOutage
	case e.StatusCode != 0:
		return "check that the address is that of the host's identity endpoint, and that no proxy is in the way"
	}
	return ""
}
