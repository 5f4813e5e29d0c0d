// Package statusz shows the state of a client and of a verifier on a page: how long calls go on if
// Entra ID goes down now, when each token is refreshed next, and what went wrong.
//
//	mux.Handle("GET /statusz", statusz.Handler(&statusz.Options{
//		Client:   client,
//		Verifier: verifier,
//	}))
//
// The page needs no JavaScript, and shows no token. It shows which services are called by which
// identity, and what the endpoint answered, so put it where only operators can reach it.
//
// # JSON
//
// A request with the header "Accept: application/json" gets an object with the members
//
//	title, time      the page's
//	level            ok, warning (calls work, on what is in memory) or critical: the worst of all
//	clients          one object for Options.Client, with the members of [aztoken.Status] and
//	                 level; its resources, the worst first, have those of
//	                 [aztoken.ResourceStatus], state and cover_left_seconds
//	verifier         for Options.Verifier the members of [verify.Status], state and
//	                 cover_left_seconds; the same for each of its tenants
//
// Times are in UTC and have the form of RFC 3339; zero values are left out. cover_left_seconds is
// how long a token or the keys can still be used without a refresh, 0 for none. The states are
//
//	valid     there is one, and the last try got it
//	unused    a valid token that nobody uses: it is refreshed when somebody uses it
//	idle      no keys, because no token to check has come yet
//	retrying  there is one, and the last try to get a newer one failed
//	repeated  less than half of its life is left, and no try failed: the host returns the same
//	          token again, as it may while Entra ID is down
//	ending    it was not replaced, and is in the last quarter of its life
//	expired   the token has expired
//	missing   there is none, and the last try to get one failed
//	closed    the verifier was closed
//
// Later versions may add members and states.
package statusz

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/statuspage"
	"github.com/seed-ac726066/aztoken/verify"
)

// Options say what a page shows. All of them may be left out.
type Options struct {
	// Client is the client whose tokens are shown. Nil: none.
	Client *aztoken.Client
	// Verifier is the verifier whose keys are shown. Nil: none.
	Verifier *verify.Verifier
	// Title is the heading. "": aztoken.
	Title string
}

// Handler returns a handler of the page, which works at any path. It answers GET and HEAD, in HTML
// or, if the header Accept prefers it, in JSON, always with the status 200: a probe should use the
// statuses themselves. Nil opts give an empty page.
func Handler(opts *Options) http.Handler {
	if opts == nil {
		opts = new(Options)
	}
	s := statuspage.Subject{Title: cmp.Or(strings.TrimSpace(opts.Title), "aztoken")}
	if client := opts.Client; client != nil {
		s.Clients = func() []statuspage.Client { return []statuspage.Client{{Client: client}} }
	}
	if verifier := opts.Verifier; verifier != nil {
		s.Verifier = func() *verify.Verifier { return verifier }
	}
	return statuspage.Handler(s)
}
