package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed-ac726066/aztoken/internal/message"
)

// Failure reports why an endpoint returned no token.
type Failure struct {
	// StatusCode is the HTTP status, 0 if there was no answer.
	StatusCode int
	// Code is the OAuth error code (RFC 6749, section 5.2), "" if the endpoint named none.
	Code string
	// EntraCodes are Entra's own numbers of the error, the nnn of AADSTSnnn: from the member
	// error_codes if Entra itself answered, and from the text if a host passes on Entra's error.
	// They are a hint.
	EntraCodes []int
	// Description is the endpoint's text for people, shortened, on one line, without anything that
	// looks like a token.
	Description string
	// RequestID is the id by which the operator of the endpoint finds the request: a correlation
	// id, trace id or request id. "" if there was none.
	RequestID string
	// RetryAfter is how long the endpoint asks to wait, 0 if it did not say.
	RetryAfter time.Duration
	// Retry reports whether the next try may well succeed.
	Retry bool
	// MaxRetries is how many more tries are worth making if Retry is set; 0 means as many as the
	// caller has time for.
	MaxRetries int
	// Unreachable reports whether there was no connection: nothing listens, or nothing answers
	// there.
	Unreachable bool
	// JSON reports whether the answer was JSON, as an identity endpoint's is: a proxy in the way
	// sends text or HTML.
	JSON bool
	// FromEndpoint reports whether it is surely an identity endpoint that answered, whatever else
	// is wrong: its answer has the form of one, or is signed by IMDS. From then on silence and
	// pages of HTML are an outage.
	FromEndpoint bool
	// Server is what the answer calls its sender in the header Server, "" if it does not.
	Server string
	// Reason is what is known to be wrong, for programs to branch on.
	Reason Reason
	// Advice is what to do about it, "" if there is nothing to add to the rest of the failure.
	Advice string
	// Err is the cause, if it was an error.
	Err error
}

// Reason is what is known to be wrong.
type Reason int

const (
	Unknown Reason = iota
	// NoEndpoint: what answers is not an identity endpoint; if Retry is set, there may be one
	// later.
	NoEndpoint
	IdentityNotFound  // the host does not have the identity, or has none, or not yet
	IdentityAmbiguous // the host has several identities and none was named
)

// Error returns the facts, without Advice.
func (f *Failure) Error() string {
	facts := []string{message.Status(f.StatusCode), f.Code, f.Description}
	if f.Err != nil {
		facts = append(facts, f.Err.Error())
	}
	if f.RequestID != "" && !strings.Contains(f.Description, f.RequestID) {
		facts = append(facts, "request id "+f.RequestID)
	}
	return message.Join(facts, "")
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// RetryStatus reports whether another try may soon get an answer with another status. IMDS
// documents 404, 410, 429 and 5xx as temporary; 408 is a timeout by definition. All others are
// permanent.
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
func RetryStatus(code int) bool {
	switch code {
	case http.StatusNotFound, http.StatusRequestTimeout, http.StatusGone, http.StatusTooManyRequests:
		return true
	}
	return code >= 500
}

// noAnswer returns the failure of a request that ended in err. It does not wrap a context's error:
// the endpoint's time limit ended, and a caller must not take that for its own.
func noAnswer(err error) *Failure {
	f := &Failure{Retry: true, Err: err}
	var in *url.Error
	if errors.As(err, &in) {
		f.Err = in.Err // without the URL, which does not help the reader of the message
	}
	var op *net.OpError
	f.Unreachable = errors.As(err, &op) && op.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED)
	switch {
	case errors.Is(err, errBodyTooLarge), errors.Is(err, errRedirected), errors.Is(err, errNoResponse), errors.Is(err, ErrCertificate),
		errors.As(err, new(*tls.CertificateVerificationError)):
		f.Retry = false
	case errors.Is(err, context.DeadlineExceeded):
		f.Err = os.ErrDeadlineExceeded
		f.Description = "no answer in time"
	case errors.Is(err, context.Canceled):
		f.Err = nil
		f.Description = "the request was given up"
	}
	return f
}

// refusal returns the failure of an answer other than 200.
func refusal(status int, header http.Header, body []byte, now time.Time) *Failure {
	f := &Failure{
		StatusCode: status,
		RetryAfter: RetryAfter(header.Get("Retry-After"), now),
		Server:     Plain(header.Get("Server")),
	}
	if status >= 300 && status < 400 {
		f.Description = "redirects are not followed"
		f.RequestID = requestID(header, nil, nil, "")
		return f
	}
	f.readBody(header, body)
	f.FromEndpoint = f.FromEndpoint || signedByIMDS(f.Server)
	f.Retry, f.MaxRetries = retry(f)
	return f
}

// RetryAfter reads both forms of RFC 9110, section 10.2.3: seconds and a date. 0 is neither.
func RetryAfter(value string, now time.Time) time.Duration {
	if s, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
