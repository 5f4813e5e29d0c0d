package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// ErrNotFound says that there is nothing by this id or name, or not yet.
var ErrNotFound = errors.New("graph: not found")

var (
	errNotGraph   = errors.New("the answer is not what Graph gives; see that no proxy answers in its place")
	errOtherHost  = errors.New("the next page is on another host, where the token must not go")
	errTooMany    = errors.New("there are more pages than can be meant")
	errNothingYet = errors.New("the answer has no id")
)

// Error is an answer of Graph that is no success, or that there was none.
type Error struct {
	// Kind is what it means. Only where StatusCode is set.
	Kind Kind
	// StatusCode is the HTTP status, 0 where there was no answer.
	StatusCode int
	// Code is Graph's, such as Request_BadRequest, and Message its words, on one line and short.
	Code, Message string
	// RequestID is what Microsoft's support asks for.
	RequestID string
	// RetryAfter is for how long Graph wants to be left alone, 0 where it did not say.
	RetryAfter time.Duration
	// Advice is what to do, "" where Message must do.
	Advice string
	// Err is the cause, where it was an error.
	Err error
}

func (e *Error) Error() string {
	var parts []string
	if e.StatusCode != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))))
	}
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	text := strings.Join(parts, ": ")
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	if e.Advice != "" {
		text += "; " + e.Advice
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes a 404 [ErrNotFound].
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && e.StatusCode == http.StatusNotFound
}

// KindOf is the kind of err, [Refused] where it is no [*Error] of an answer.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Refused
}

// newError is what an answer other than a success tells.
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

// noAnswer is the error of a request without one.
func noAnswer(ctx context.Context, err error) error {
	var sign *SignInError
	if errors.As(err, &sign) {
		return sign
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if in := (*url.Error)(nil); errors.As(err, &in) {
		err = in.Err // without the URL, which the reader of the message has no use for
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("no answer in time")
	}
	return &Error{Err: err, Advice: "see that Microsoft Graph can be reached from here"}
}
