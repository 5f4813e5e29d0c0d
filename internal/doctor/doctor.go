// Package doctor finds out why a machine gets no token from its identity endpoint, or one that does not serve. What is asked
// is in run.go and ask.go; what the answers mean is decided by pure functions in the other files.
package doctor

import (
	"net/http"
	"net/url"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// Options say what to look into.
type Options struct {
	// Resource is what a token is wanted for.
	Resource string
	// ID is the identity to ask for. Its zero value is the host's default.
	ID hosts.ID
	// Endpoint is the base URL of an IMDS; "" leaves it to the environment.
	Endpoint string
	// Role is the app role that the token should have; "" for none in particular.
	Role string
	// Store is the directory where a program keeps its tokens; nil for none.
	Store *tokenstore.Store
	// Getenv reads the environment, and Files are the places of Azure Arc's agent.
	Getenv func(string) string
	Files  hosts.ArcFiles
	// Proxy says which proxy other programs would use for a request, as http.ProxyFromEnvironment does. Nil is none.
	Proxy func(*http.Request) (*url.URL, error)
}

// module and version are the name in the User-Agent of the requests.
const (
	module  = "aztoken-doctor"
	version = "v0.1.0"
)

// Status is what became of a check.
type Status string

const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped" // an earlier one failed, so there is nothing to look at
)

// The checks, in their order.
const (
	hostCheck      = "host"      // which host is this, and does it take such an id?
	reachableCheck = "reachable" // does its endpoint answer?
	directCheck    = "direct"    // is it the endpoint that answers, and nothing before it?
	requestCheck   = "request"   // does it accept the request and its header?
	identityCheck  = "identity"  // does the host have the identity?
	resourceCheck  = "resource"  // does the tenant know the resource?
	tokenCheck     = "token"     // is there a token?
	clockCheck     = "clock"     // is this machine's clock right?
	cacheCheck     = "cache"     // does the platform give the same token again?
	roleCheck      = "role"      // is the role in the token?
	storeCheck     = "store"     // are there stored tokens, and do they open? Only where a store is named
)

// afterHost are all checks of the endpoint but the first.
var afterHost = []string{
	reachableCheck, directCheck, requestCheck, identityCheck, resourceCheck, tokenCheck, clockCheck, cacheCheck, roleCheck,
}

// Check is one thing that was looked at.
type Check struct {
	Name   string
	Status Status
	// Detail is what was found.
	Detail string
	// Fix is what to do; only where Status is Failed.
	Fix string
	// Took is the time it took, 0 where it was decided by the answer to an earlier one.
	Took time.Duration
}

// Report is what was found. Host is empty where none was.
type Report struct {
	Kind, Endpoint, Why string
	Checks              []Check
}

// Failures is the number of checks that failed.
func (r Report) Failures() int {
	n := 0
	for _, c := range r.Checks {
		if c.Status == Failed {
			n++
		}
	}
	return n
}
