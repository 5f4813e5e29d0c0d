package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// ErrNotFound means that no object has this id or name, or not yet.
var ErrNotFound = errors.New("graph: not found")

var (
	errNotGraph   = errors.New("the answer is not from Microsoft Graph; check that no proxy answers in its place")
	errOtherHost  = errors.New("the next page is on another host, to which the token must not be sent")
	errTooMany    = errors.New("there are implausibly many pages")
	errNothingYet = errors.New("the answer has no id")
)

// Error reports why a call failed.
type Error struct {
	// Kind is what the answer means, if there was one.
	Kind Kind
	// StatusCode is the HTTP status, 0 for no answer.
	StatusCode int
	// Code is Graph's error code, such as Request_BadRequest, and Message its text, shortened and
	// on one line.
	Code, Message string
	// RequestID is the id that Microsoft support asks for.
	RequestID string
	// RetryAfter is the wait that Graph asks for, 0 for none.
	RetryAfter time.Duration
	// Advice is what to do, "" if nothing is known beyond Message.
	Advice string
	// Err is the cause, nil for none.
	Err error
}

// Error returns what happened, and what to do about it.
func (e *Error) Error() string {
	facts := []string{message.Status(e.StatusCode), e.Code, e.Message}
	if e.Err != nil {
		facts = append(facts, e.Err.Error())
	}
	if e.RequestID != "" {
		facts = append(facts, "request id "+e.RequestID)
	}
	return message.Join(facts, e.Advice)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is [ErrNotFound] and the answer was a 404.
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && e.StatusCode == http.StatusNotFound
}

// KindOf returns the kind of err, [Refused] if it is not an [*Error] of an answer.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Refused
}

// newError returns the error of an answer other than success.
func newError(status int, header http.Header, body []byte, needs Permission, now time.Time) *Error {
	e := &Error{
		StatusCode: status,
		RequestID:  wire.Plain(header.Get("Request-Id")),
		RetryAfter: wire.RetryAfter(header.Get("Retry-After"), now),
	}
	var answer struct {
		Error struct {
			Code, Message string
			InnerError    struct {
				RequestID string `json:"request-id"`
			}
		}
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error.Code == "" && answer.Error.Message == "" {
		e.Err = errNotGraph
		e.Kind = Classify(status, "", "")
		return e
	}
	e.Code, e.Message = wire.Plain(answer.Error.Code), wire.Plain(answer.Error.Message)
	if id := wire.Plain(answer.Error.InnerError.RequestID); e.RequestID == "" {
		e.RequestID = id
	}
	e.Kind = Classify(status, e.Code, e.Message)
	e.Advice = advice(e.Kind, needs)
	return e
}

// noAnswer returns the error of a request without an answer.
func noAnswer(ctx context.Context, err error) error {
	var sign *SignInError
	if errors.As(err, &sign) {
		return sign
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fake := (*Error)(nil); errors.As(err, &fake) {
		return fake
	}
	err = withoutURL(err)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("no answer in time")
	}
	return &Error{Err: err, Advice: "check that Microsoft Graph can be reached from here"}
}

// withoutURL returns an error of net/http without the URL, which adds nothing to the message.
func withoutURL(err error) error {
	if in := (*url.Error)(nil); errors.As(err, &in) {
		return in.Err
	}
	return err
}
