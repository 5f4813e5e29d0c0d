// Package peers puts aztoken and the libraries that it is compared with behind one interface, each
// set up over a given transport as its own documentation has it. With the transport of imdstest.New
// all of them work without a socket, and in the virtual time of testing/synctest.
//
// Virtual time has a limit for some of them: see [Library.Locks].
package peers

import (
	"context"
	"net/http"
	"time"
)

// Endpoint is where a library gets its tokens.
type Endpoint struct {
	// Transport answers as Azure's IMDS does, whatever host is asked.
	Transport http.RoundTripper
	// Resource is what the tokens are for. MSAL, and azidentity and azcore with it, has one cache
	// for the whole process, with the resource as a key: two clients that must not share a token
	// need different resources. For the same reason its tokens stay in memory to the end of the
	// process, and each look-up goes through all of them one by one.
	Resource string
}

// Client is one library's cache of one token.
type Client interface {
	// Token returns the current token and its expiry according to the library, which for some is
	// earlier than the real one.
	Token(ctx context.Context) (value string, expires time.Time, err error)
	// Close ends what the client runs in the background, if it runs anything.
	Close() error
}

// Authorizer is a Client of a library that also puts the token on requests.
type Authorizer interface {
	Client
	// Authorize returns a transport that sends requests through base with the token.
	Authorize(base http.RoundTripper) (http.RoundTripper, error)
}

// Library makes clients.
type Library struct {
	Name string
	New  func(Endpoint) (Client, error)

	// Locks reports whether the library holds a sync.Mutex while it fetches. Virtual time does not
	// advance while a goroutine waits for a mutex, so several callers that need a new token at once
	// block a bubble forever. One at a time is fine.
	Locks bool
}

// All returns the libraries, aztoken first.
func All() []Library {
	return []Library{
		Aztoken(), AztokenMaxAge(time.Hour), Azidentity(), Azcore(), MSAL(), OAuth2(), Google(), AWS(), AWSRole(),
	}
}

// closed is for the clients that run nothing in the background.
type closed struct{}

func (closed) Close() error { return nil }
