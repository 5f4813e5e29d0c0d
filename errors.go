package aztoken

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

var (
	// ErrNoManagedIdentity: this machine has no identity endpoint. Nothing listens at its address, or something
	// else does (a proxy, Docker Desktop).
	ErrNoManagedIdentity = errors.New("no managed identity endpoint")
	// ErrIdentityNotFound: the host does not have the identity that was asked for, or none at all, or does not
	// have it yet: an assignment takes some minutes to arrive.
	ErrIdentityNotFound = errors.New("identity not found")
	// ErrIdentityAmbiguous: the host has several identities and [Options.ID] names none.
	ErrIdentityAmbiguous = errors.New("several identities and none named")
	// ErrClosed: the client was closed.
	ErrClosed = errors.New("aztoken: the client is closed; make one that lives as long as the program")
)

// Error is why there is no token. Its text and its fields never contain one; Unwrap gives the error of a credential as it is.
//
// [errors.Is] finds [ErrNoManagedIdentity], [ErrIdentityNotFound] and [ErrIdentityAmbiguous], and for a caller that
// gave up waiting its context's error, also while the endpoint was failing.
type Error struct {
	// Resource is what a token was wanted for.
	Resource string
	// Host is what was asked, in the words of Status.Host.
	Host string
	// StatusCode is the HTTP status of the endpoint's last answer, 0 if there was none.
	StatusCode int
	// Code is the endpoint's error code, such as "invalid_request", "" if it gave none.
	Code string
	// Description is the endpoint's text, shortened; for people, not to branch on.
	Description string

	sentinel   error
	cause      hidden
	hint       string        // the host's own advice
	retry      bool          // the next try may well succeed
	maxRetries int           // the most tries after it that are worth making, 0 for no limit
	retryAfter time.Duration // the least wait before it
	answered   bool          // it was surely an identity endpoint that answered
}

// hidden keeps an error of somebody else's, which may quote a token, where only Unwrap finds it: what prints the fields of
// an Error, as the diff of a failed test does, prints a func as an address.
type hidden func() error

func hide(err error) hidden { return func() error { return err } }

func (h hidden) reveal() error {
	if h == nil {
		return nil
	}
	return h()
}

// Error says what happened and what to do about it.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "aztoken: no token for %q", e.Resource)
	if e.Host != "" {
		b.WriteString(" from " + e.Host)
	}
	if e.StatusCode != 0 {
		fmt.Fprintf(&b, ": %d %s", e.StatusCode, http.StatusText(e.StatusCode))
	}
	for _, s := range []string{e.Code, e.Description} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	if cause := e.cause.reveal(); cause != nil {
		b.WriteString(": " + cause.Error())
	}
	if errors.Is(e.sentinel, ErrNoManagedIdentity) { // the others are the endpoint's own words, which stand there already
		b.WriteString(": " + e.sentinel.Error())
	}
	if advice := e.advice(); advice != "" {
		b.WriteString("; " + advice)
	}
	return wire.Redact(b.String())
}

// Format writes the message for every verb: %#v would print the fields of the cause.
func (e Error) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// Unwrap gives the sentinel and the cause.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.sentinel, e.cause.reveal()} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// NonRetriable tells azcore's retry policy that the client has done its own retries.
func (e *Error) NonRetriable() {}

// Timeout makes [net/url.Error.Timeout] true for a request whose deadline ended while it waited for a token.
func (e *Error) Timeout() bool { return errors.Is(e.cause.reveal(), context.DeadlineExceeded) }

// advice is what somebody who reads the error in a log should do.
func (e *Error) advice() string {
	switch {
	case e.hint != "":
		return e.hint
	case errors.Is(e.sentinel, ErrNoManagedIdentity):
		return "run on an Azure host that has a managed identity, or set Options.Credential, on a developer's machine to azidentity's Azure CLI credential"
	case errors.Is(e.sentinel, ErrIdentityNotFound):
		return "assign the identity to this host, or correct Options.ID; a new assignment takes some minutes"
	case errors.Is(e.sentinel, ErrIdentityAmbiguous):
		return "set Options.ID to the ClientID, ObjectID or ResourceID of the one to use"
	case e.Code == "invalid_resource":
		return "check the resource: it must be the App ID URI of an application in this tenant, to the letter"
	case e.StatusCode == http.StatusTooManyRequests:
		return "the endpoint is throttling; use one Client in the whole program, and ask again later"
	case endsAContext(e.cause.reveal()):
		return "the endpoint is still being asked; call again, or Warm the client at the start of the program"
	case e.retry:
		return "the endpoint or Entra ID is down or updating; call again, the client asks it anew"
	case e.StatusCode != 0:
		return "check that the endpoint is the host's identity endpoint and that nothing stands before it"
	}
	return ""
}

// newError is the Error of one try that ended in err. known says that the endpoint has answered before: then its
// silence is an outage, else it is not there.
func newError(host, resource string, err error, known bool) *Error {
	e := &Error{Resource: resource, Host: host}
	var (
		f       *wire.Failure
		resp    *azcore.ResponseError
		network net.Error
	)
	switch {
	case errors.As(err, &f):
		e.StatusCode, e.Code, e.Description, e.hint = f.StatusCode, f.Code, f.Description, f.Advice
		e.retry, e.maxRetries, e.retryAfter = f.Retry, f.MaxRetries, f.RetryAfter
		e.answered = f.FromEndpoint || f.StatusCode != 0 && f.Reason != wire.NoEndpoint
		e.sentinel = sentinel(f, known)
		if f.Unreachable && known {
			e.hint = "" // an outage: the advice is for an endpoint that was never there
		}
		err = f.Err
	case errors.As(err, &resp) && resp != nil:
		e.StatusCode, e.Code, e.retry = resp.StatusCode, wire.Redact(resp.ErrorCode), wire.RetryStatus(resp.StatusCode)
	default:
		e.retry = errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)
	}
	if endsAContext(err) {
		err = errors.New(err.Error()) // the source's own time ended; callers would take it for the end of theirs
	}
	e.cause = hide(err)
	return e
}

func endsAContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func sentinel(f *wire.Failure, known bool) error {
	switch {
	case (f.Reason == wire.NoEndpoint || f.Unreachable) && !known:
		return ErrNoManagedIdentity
	case f.Reason == wire.IdentityNotFound:
		return ErrIdentityNotFound
	case f.Reason == wire.IdentityAmbiguous:
		return ErrIdentityAmbiguous
	}
	return nil
}

// gaveUp is the Error of a caller whose context ended; last is what the endpoint had said by then, nil for nothing.
func gaveUp(host, resource string, ctxErr error, last *Error) *Error {
	e := &Error{Resource: resource, Host: host, cause: hide(ctxErr)}
	if last != nil {
		e.StatusCode, e.Code, e.Description, e.sentinel, e.hint = last.StatusCode, last.Code, last.Description, last.sentinel, last.hint
		if cause := last.cause.reveal(); cause != nil {
			e.cause = hide(fmt.Errorf("%w (so far: %s)", ctxErr, wire.Redact(cause.Error())))
		}
	}
	return e
}
