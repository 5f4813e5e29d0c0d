// Package delivery brings answers to clients, over a socket or without one, and in the way of a
// fault: late, in pieces, cut off, or not at all.
package delivery

import (
	"context"
	"time"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Answer is a reply and how it reaches the client.
type Answer struct {
	identityapi.Reply

	Padding int64         // this many more bytes follow the body, and there is no length
	Trickle time.Duration // the body comes in small pieces over this time
	Cut     bool          // only half of the body follows
}

// length returns the Content-Length, or -1 for none.
func (a Answer) length() int64 {
	switch {
	case a.Padding > 0:
		return -1
	case a.Cut:
		return int64(max(1, len(a.Body))) // something must be missing even from nothing
	default:
		return int64(len(a.Body))
	}
}

// Exchange is a request under way.
type Exchange interface {
	// Context ends with the client's or with the server's life.
	Context() context.Context
	// Answer decides what the client gets. The error is what the client sees in place of an answer;
	// a [NoConnection] fails as a connection attempt does.
	Answer() (Answer, error)
	// Landed says that the client has the whole answer. It may be called more than once.
	Landed()
	// End says that the exchange is over. It may be called more than once.
	End()
}

// Begin begins an exchange.
type Begin func(context.Context, identityapi.Call) Exchange

// NoConnection is the error of a request that got no connection.
type NoConnection struct {
	Refused bool // or else packets did not arrive
	Err     error
}

// Error returns the text of the error behind it.
func (e *NoConnection) Error() string { return e.Err.Error() }

// Unwrap returns the error behind it.
func (e *NoConnection) Unwrap() error { return e.Err }

// Sleep waits for d or until ctx is done, whose cause it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
