package grpctoken

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed-ac726066/aztoken"
)

// tokenError is the error of a call for which there was no token. gRPC uses its status, and the
// program its cause.
type tokenError struct {
	status *status.Status
	cause  error
}

func noToken(err error) error {
	return &tokenError{status.New(code(err), err.Error()), err}
}

func (e *tokenError) Error() string              { return e.status.Err().Error() }
func (e *tokenError) GRPCStatus() *status.Status { return e.status }
func (e *tokenError) Unwrap() error              { return e.cause }

// code returns the status code of a call that got no token because of err. It returns Unavailable
// in an outage, as Unauthenticated would make the caller look for another identity.
func code(err error) codes.Code {
	var e *aztoken.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case !errors.As(err, &e), errors.Is(err, aztoken.ErrNoManagedIdentity):
		return codes.Unauthenticated
	case e.StatusCode == 0, e.StatusCode == http.StatusTooManyRequests, e.StatusCode >= http.StatusInternalServerError:
		return codes.Unavailable
	}
	return codes.Unauthenticated
}
