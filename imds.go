package aztoken

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/inflight"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// ID names one of the managed identities of a host: a [ClientID], an [ObjectID] or a [ResourceID].
type ID interface {
	String() string
	host() hosts.ID
}

// ClientID is the client id (application id) of a user-assigned managed identity, a GUID.
type ClientID string

// ObjectID is the object id (principal id) of a managed identity's service principal, a GUID.
type ObjectID string

// ResourceID is the Azure resource id of a user-assigned managed identity:
// /subscriptions/…/resourceGroups/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/….
type ResourceID string

// String returns the id as it was given.
func (i ClientID) String() string { return string(i) }

// String returns the id as it was given.
func (i ObjectID) String() string { return string(i) }

// String returns the id as it was given.
func (i ResourceID) String() string { return string(i) }

func (i ClientID) host() hosts.ID   { return hosts.ID{Kind: hosts.ClientID, Value: string(i)} }
func (i ObjectID) host() hosts.ID   { return hosts.ID{Kind: hosts.ObjectID, Value: string(i)} }
func (i ResourceID) host() hosts.ID { return hosts.ID{Kind: hosts.ResourceID, Value: string(i)} }

// module and version are the name in the User-Agent of requests to identity endpoints.
const (
	module  = "aztoken"
	version = "v0.1.0"
)

const (
	// tryTimeout is the time of one request to an endpoint. A healthy one answers in milliseconds,
	// one that must ask Entra in seconds. Waiting longer gains nothing, as the next try starts
	// over.
	tryTimeout = 30 * time.Second
	// cancelGrace is the time that a source gets to return its own error after its context has
	// ended.
	cancelGrace = time.Second
	// flightTimeout bounds the wait of callers without a token: IMDS is back from an upgrade within
	// 70 s.
	//
	// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#retry-guidance
	flightTimeout = 75 * time.Second
	// noEndpointTimeout bounds it where nothing has ever listened: long enough for an agent that
	// starts with the program, short enough for a developer who has no managed identity.
	noEndpointTimeout = 10 * time.Second
	// maxRequests bounds the requests that are under way, as IMDS serves five at once for a whole
	// machine. One of them is kept from background refreshes.
	maxRequests, maxRefreshes = 4, 3
	// maxCalls bounds the calls for one token that have not returned: the two flights and the
	// refresh, and one that is stuck.
	maxCalls = 4
)

var (
	errNoSlot     = &wire.Failure{Retry: true, Description: "the requests before it took all the time"}
	errSlow       = &wire.Failure{Retry: true, Description: "no answer in time"}
	errStuck      = &wire.Failure{Description: "calls for this token have not returned", Advice: "make the credential heed its context"}
	errNilContext = errors.New("aztoken: the context is nil; pass context.Background() or that of the request")
	errIDBesides  = errors.New("aztoken: Options.ID and Options.Endpoint are for managed identities; leave them out beside Options.Credential")
)

// defaultIdentity is the Identity, in errors, events and the status, of a nil ID.
const defaultIdentity = "default"

// endpoint asks the host's identity endpoint for tokens: one try at a time, without a cache and
// without retries.
//
//	GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=…
//	Metadata: true
//
// The other hosts, and how each words its request, are in internal/hosts.
type endpoint struct {
	subject
	kind      hosts.Kind
	id        hosts.ID // the identity that was asked for, by Options.ID or by the environment
	address   string   // Options.Endpoint
	authority string   // of workload identity and of an app registration
	tenant    string   // of an app registration: that of tokens for which no other is asked
	source    hosts.Source
	// below is the endpoint of the managed identity that makes this one's assertions; nil: none.
	below   *endpoint
	isNamed bool          // a variable or Options.Endpoint names it, so it is there, or will be
	timeout time.Duration // of one try
	slots   inflight.Limiter
	calls   inflight.Counter[hosts.Request] // of source that have not returned, by what they ask for
	life    *lifetime.Lifetime
	// answered means that an identity endpoint has answered once: silence is then an outage, not
	// absence.
	answered atomic.Bool
}

// newEndpoint decides from opts and the environment which endpoint to ask. assertions are those of
// Options.Federation, nil where a managed identity makes none.
func newEndpoint(opts Options, files hosts.ArcFiles, assertions *cache, life *lifetime.Lifetime) (*endpoint, error) {
	cfg := hosts.Config{
		Getenv: opts.Getenv, Files: files, Endpoint: opts.Endpoint,
		Module: module, Version: version, Options: opts.ClientOptions,
	}
	if cfg.Getenv == nil {
		cfg.Getenv = os.Getenv
	}
	var p *endpoint
	var err error
	switch {
	case opts.Credential != nil:
		p, err = newCredential(opts)
	case opts.Federation != nil:
		p, err = newApplication(opts, cfg, assertions)
	default:
		p, err = newManagedIdentity(opts.ID, cfg)
	}
	if err != nil {
		return nil, err
	}
	p.timeout, p.slots, p.life = cmp.Or(p.timeout, tryTimeout), inflight.NewLimiter(maxRequests, maxRefreshes), life
	return p, nil
}

// newCredential returns the endpoint of Options.Credential.
func newCredential(opts Options) (*endpoint, error) {
	if opts.ID != nil || opts.Endpoint != "" {
		return nil, errIDBesides
	}
	// A credential may ask a person to sign in, or retry by itself, so it gets the time of the
	// whole flight.
	return &endpoint{
		subject: subject{host: "Options.Credential"}, source: hosts.FromCredential(opts.Credential), timeout: flightTimeout,
	}, nil
}

// newManagedIdentity returns the endpoint of the host.
func newManagedIdentity(id ID, cfg hosts.Config) (*endpoint, error) {
	p := &endpoint{subject: subject{identity: defaultIdentity}}
	switch id := id.(type) {
	case nil:
	case ClientID, ObjectID, ResourceID:
		cfg.ID, p.identity = id.host(), id.String()
	default:
		return nil, fmt.Errorf("aztoken: Options.ID is a %T; set it to a ClientID, an ObjectID or a ResourceID", id)
	}
	h, err := hosts.Find(cfg)
	if err != nil {
		return nil, fmt.Errorf("aztoken: %w", err)
	}
	p.host, p.source, p.isNamed = h.String(), h.Source, h.Named
	p.kind, p.id, p.address = h.Kind, cfg.ID, cfg.Endpoint
	if h.Kind.IsExchange() {
		p.authority = h.Endpoint
		if p.id.Kind == hosts.Default {
			p.id = hosts.ID{Kind: hosts.ClientID, Value: cfg.Getenv("AZURE_CLIENT_ID")}
			p.identity = p.id.Value
		}
	}
	return p, nil
}

// ask makes one request. It returns when the endpoint answers, the time of a try is over or ctx
// ends, even if the source ignores its context. Such a source delays no caller and keeps no slot,
// but is not called again and again for the same token.
func (p *endpoint) ask(ctx context.Context, r hosts.Request, background bool) (azcore.AccessToken, *Error) {
	call := r
	call.Claims, call.RejectedSHA256 = "", ""
	leave := p.calls.Enter(call, maxCalls)
	if leave == nil {
		return azcore.AccessToken{}, p.newError(r.Resource, errStuck)
	}
	release := p.slots.Acquire(ctx, background)
	if release == nil {
		leave()
		return azcore.AccessToken{}, p.newError(r.Resource, errNoSlot)
	}
	release = sync.OnceFunc(release)
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	type reply struct {
		token azcore.AccessToken
		err   *Error
	}
	done := make(chan reply, 1)
	if !p.life.Go(func() {
		defer leave()
		defer release()
		var got reply
		// The error is read in here too: a foreign one may panic, or take its time, when it is
		// read.
		if err := guard.Run(func() { got.token, got.err = p.try(ctx, r) }); err != nil {
			got.err = p.newError(r.Resource, fmt.Errorf("the credential: %w", err))
		}
		done <- got
	}) {
		release()
		leave()
		// The client is closed, which the caller checks for.
		return azcore.AccessToken{}, p.newError(r.Resource, errNoSlot)
	}
	select {
	case got := <-done:
		return got.token, got.err
	case <-ctx.Done():
	}
	select {
	case got := <-done:
		return got.token, got.err
	case <-time.After(cancelGrace):
		release()
		return azcore.AccessToken{}, p.newError(r.Resource, errSlow)
	}
}

// try is the request itself, and the look at what it brought.
func (p *endpoint) try(ctx context.Context, r hosts.Request) (azcore.AccessToken, *Error) {
	token, err := p.source.Token(ctx, r)
	if err == nil {
		err = wire.Usable(token, time.Now())
	}
	if err != nil {
		return azcore.AccessToken{}, p.newError(r.Resource, err)
	}
	p.answered.Store(true)
	return token, nil
}

// patience is how long the callers of a flight want it to go on.
type patience struct {
	first time.Time // the deadline of the one who began it; zero for none
	until time.Time // the latest deadline of a caller; zero if none has one
	// absent is the latest deadline of callers that wait even where nothing has ever listened:
	// Warm.
	absent time.Time
}

// join returns the patience with another caller, whose deadline is zero for none.
func (w patience) join(deadline time.Time, isWarming bool) patience {
	if deadline.After(w.until) {
		w.until = deadline
	}
	if isWarming && deadline.After(w.absent) {
		w.absent = deadline
	}
	return w
}

// end returns the latest time at which a flight that began at start ends. isPresent reports whether
// the endpoint certainly exists: something names it, or it has answered. If it may not exist, a
// program must be able to go on to the next credential of a chain without a long wait.
func (w patience) end(start time.Time, isPresent bool) time.Time {
	if !isPresent {
		return later(start.Add(noEndpointTimeout), w.absent)
	}
	return later(start.Add(flightTimeout), w.until)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// isPresent reports whether the endpoint certainly exists, up or down. One that needs another
// exists if that one does.
func (p *endpoint) isPresent() bool {
	if p.below != nil {
		return p.below.isPresent()
	}
	return p.isNamed || p.answered.Load()
}

// nextTry returns how long a flight that began at start waits at now, after its try number try (1
// is the first) failed with err, and false if it is not to try again.
func (p *endpoint) nextTry(try int, start, now time.Time, w patience, err *Error) (wait time.Duration, again bool) {
	if !err.retry || err.maxRetries > 0 && try > err.maxRetries {
		return 0, false
	}
	isPresent := p.isPresent() || !errors.Is(err.sentinel, ErrNoManagedIdentity)
	return schedule.Foreground(try, now.Sub(start), w.end(start, isPresent).Sub(start), err.retryAfter)
}
