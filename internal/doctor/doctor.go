// Package doctor diagnoses why a machine gets no token from its identity endpoint, or one that is
// rejected. run.go and ask.go make the requests; pure functions in the other files decide what the
// answers mean.
package doctor

import (
	"net/http"
	"net/url"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// Options are what to check.
type Options struct {
	// Resource is what to request a token for.
	Resource string
	// ID is the identity to ask for. Its zero value is the host's default.
	ID hosts.ID
	// Application is the app registration that the identity is the credential of; nil for none.
	Application *Application
	// Endpoint is the base URL of an IMDS; "" leaves it to the environment.
	Endpoint string
	// Role is the app role that the token should have; "" for none in particular.
	Role string
	// Store is the directory where a program keeps its tokens; nil for none.
	Store *tokenstore.Store
	// Getenv reads the environment, and Files are the places of Azure Arc's agent.
	Getenv func(string) string
	Files  hosts.ArcFiles
	// Proxy returns the proxy that other programs use for a request, as http.ProxyFromEnvironment
	// does. Nil is none.
	Proxy func(*http.Request) (*url.URL, error)
	// Flag returns the flag for a field of hosts.Config, and a variable unchanged.
	Flag func(field string) string
}

// Application is an app registration.
type Application struct{ TenantID, ClientID string }

// module and version are the name in the User-Agent of the requests.
const (
	module  = "aztoken-doctor"
	version = "v0.1.0"
)

// Status is the result of a check.
type Status string

const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped" // not made, because an earlier one failed
)

// The checks, in their order.
const (
	hostCheck      = "host"      // which host is this, and does it take this kind of id?
	reachableCheck = "reachable" // does its endpoint answer?
	directCheck    = "direct"    // does the endpoint itself answer, without a proxy?
	requestCheck   = "request"   // does it accept the request and its header?
	identityCheck  = "identity"  // does the host have the identity?
	resourceCheck  = "resource"  // does the tenant know the resource?
	tokenCheck     = "token"     // is there a token?
	clockCheck     = "clock"     // is the clock of this machine right?
	cacheCheck     = "cache"     // does the platform cache tokens?
	// exchangeCheck: does Entra accept it as the application's credential? Only if one is named.
	exchangeCheck = "exchange"
	roleCheck     = "role" // is the role in the token?
	// storeCheck: are there stored tokens, and can they be opened? Only if a store is named.
	storeCheck = "store"
)

// afterHost are all checks of the endpoint except the first.
var afterHost = []string{
	reachableCheck, directCheck, requestCheck, identityCheck, resourceCheck, tokenCheck, clockCheck, cacheCheck,
}

// Check is the result of one check.
type Check struct {
	Name   string
	Status Status
	// Detail is what was found.
	Detail string
	// Fix is what to do; only where Status is Failed.
	Fix string
	// Took is the time it took, 0 if it was decided by the answer of an earlier check.
	Took time.Duration
}

// Report is the result of all checks. Kind, Endpoint and Why are "" if no host was found.
type Report struct {
	Kind, Endpoint, Why string
	Checks              []Check

	cached bool // the platform may return an old token, without a new role
}

// Failures returns the number of failed checks.
func (r Report) Failures() int {
	n := 0
	for _, c := range r.Checks {
		if c.Status == Failed {
			n++
		}
	}
	return n
}
