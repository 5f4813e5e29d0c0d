// Package aztoken gets OAuth 2.0 access tokens for Azure managed identities and keeps them fresh,
// so that a service can keep calling its peers through an outage of Entra ID (Azure AD) or of the
// machine's identity endpoint.
//
//	client, err := aztoken.NewClient(nil)
//	if err != nil { … }
//	defer client.Close()
//
//	// api is an *http.Client that authenticates.
//	api := client.Wrap(http.DefaultClient, "https://orders.example.com")
//	resp, err := api.Get("https://orders.example.com/orders")
//
// A [Client] holds one token for each resource that was asked for and replaces it in the background
// long before it expires:
//
//	           refresh due                      hard expiry
//	acquired ──────┼───────────────────────────────┼──────────▶ time
//	   fresh       │  due: served at once, one      │ gone: callers wait for one
//	               │  background refresh, tried     │ request, each to its own
//	               │  again until it works          │ deadline
//
// While the client holds a valid token, no caller waits for the endpoint.
//
// [NewClient] finds the host's endpoint by the environment: virtual machines, scale sets, AKS nodes
// and container instances on Linux (IMDS), container instances on Windows, App Service, Functions
// and Container Apps, Azure Arc, Service Fabric, Azure Machine Learning, Cloud Shell, and pods with
// workload identity or AKS identity bindings.
//
// The service that is called checks the tokens with package verify, and package imdstest plays
// Azure in tests of both.
package aztoken

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/census"
	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/stored"
)

// Client gets tokens and keeps them fresh. One Client serves a whole program: it is safe for
// concurrent use, and keeps one token for each resource. It is both a consumer of an
// azcore.TokenCredential and one itself.
//
// A Client that is dropped without [Client.Close] keeps refreshing the tokens that were in use for
// up to a day. A Client that is made for each request and then dropped refreshes its token once,
// and forgets it when it has not been used for a whole lifetime; [EventManyClients] warns of many
// such clients.
type Client struct {
	cache      *cache // nil in the zero Client, which counts as closed
	assertions *cache // of a managed identity, for Options.Federation; nil: none

	leave    func() // the count of clients that are alive
	closing  sync.Once
	closeErr error
}

var _ azcore.TokenCredential = (*Client)(nil)

// NewClient returns a Client; nil opts are the defaults. It looks at the environment to find the
// host's identity endpoint and makes no request: a token is fetched on first use, or by
// [Client.Warm].
//
// Its errors are mistakes in opts or the environment.
func NewClient(opts *Options) (*Client, error) {
	// The Arc files are this machine's, even if Getenv describes another host.
	return newClient(opts, hosts.FindArcFiles(runtime.GOOS, os.Getenv))
}

func newClient(opts *Options, files hosts.ArcFiles) (*Client, error) {
	if opts == nil {
		opts = &Options{}
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	life := lifetime.New()
	o := &observers{logger: opts.Logger, onEvent: opts.OnEvent, life: life}
	health := new(stored.Health)
	assertions, err := newAssertions(*opts, files, o, health)
	if err != nil {
		return nil, err
	}
	p, err := newEndpoint(*opts, files, assertions, life)
	if err != nil {
		return nil, err
	}
	o.identity = p.identity
	s, err := newStore(opts, p, o, health)
	if err != nil {
		return nil, err
	}
	c := &Client{assertions: assertions, cache: &cache{engine: &engine{
		endpoint:   p,
		observers:  o,
		store:      s,
		policy:     opts.Refresh,
		isCAEAware: opts.Credential != nil || opts.Federation != nil,
		life:       life,
	}}}
	c.count(opts)
	return c, nil
}

// manyClients of one host and identity are more than a program has a use for. Each keeps its tokens
// fresh by itself.
const manyClients = 16

// count counts the clients that are alive and warns of many.
func (c *Client) count(opts *Options) {
	c.leave = func() {}
	if opts.Credential != nil {
		return // each may be of another identity
	}
	p := c.cache.endpoint
	n, leave := census.Enter(fmt.Sprintf("%s as %s by %s", p.host, p.identity, transportKey(opts.Transport)))
	c.leave = leave
	runtime.AddCleanup(c, func(leave func()) { leave() }, leave)
	if n%manyClients == 0 {
		c.cache.observers.tell(change{events: []Event{{
			Kind: EventManyClients, Time: time.Now(), Identity: p.identity,
			Err: fmt.Errorf("aztoken: %d clients of one host and identity are alive; make one for the whole program, and Close what you drop", n),
		}}})
	}
}

// transportKey tells transports apart: clients with different transports are counted separately.
func transportKey(t any) string {
	if v := reflect.ValueOf(t); v.Kind() == reflect.Pointer {
		return fmt.Sprintf("%T %x", t, v.Pointer())
	}
	return fmt.Sprintf("%T", t)
}

// Token returns a token for resource, the exact App ID URI of the service to call: a trailing slash
// makes it another resource. A scope (resource plus "/.default") works too.
//
// While the client holds a valid token, Token returns it at once, even if the endpoint is down or
// ctx has ended. Otherwise Token waits for the one request that all callers share, until ctx ends;
// without a deadline about 75 s at most. Where nothing names an endpoint and nothing listens, it
// returns after about 10 s, even with a later deadline, because a chain of credentials must go on.
// Its error is an [*Error], or [ErrClosed].
func (c *Client) Token(ctx context.Context, resource string) (Token, error) {
	t, err := c.tokens().get(ctx, resource)
	if err != nil {
		return Token{}, err
	}
	return t.token, nil
}

// GetToken implements [azcore.TokenCredential]. It takes exactly one scope, a resource with or
// without "/.default". The result always has RefreshOn, at which the SDK's own cache asks again.
//
// Claims of a challenge force a request past the cache, and it is an error if that brings the same
// token; repeated challenges are acted on as rarely as rejections (see [Client.Invalidate]). The
// TenantID of another tenant works with a credential that can get such tokens: a multi-tenant app
// registration, by Options.Federation or workload identity, and Options.Credential. With any other
// it is an error. EnableCAE is for Options.Federation and Options.Credential.
func (c *Client) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(opts.Scopes) != 1 {
		return azcore.AccessToken{}, fmt.Errorf("aztoken: GetToken got %d scopes; pass exactly one, such as https://vault.azure.net/.default", len(opts.Scopes))
	}
	cache := c.tokens()
	r := request{resource: hosts.TrimScope(opts.Scopes[0])}
	r.tenant = opts.TenantID
	if cache != nil && cache.isCAEAware {
		r.cae = opts.EnableCAE
	}
	var t *cachedToken
	var err error
	switch {
	case opts.Claims != "":
		t, err = cache.challenged(ctx, r, opts.Claims)
	case r.tenant != "" || r.cae:
		t, err = cache.getFor(ctx, r)
	default:
		if t = cache.read(r.resource); t == nil {
			t, err = cache.getFor(ctx, r)
		}
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	// Not by Token.Value, which would copy the token: this is the hot path of every SDK client.
	return azcore.AccessToken{Token: t.token.secret.Reveal().value, ExpiresOn: t.token.ExpiresOn, RefreshOn: t.token.RefreshOn}, nil
}

// TokenFunc returns a function that returns the current token for resource as a string: the hook
// that database drivers and message clients ask for, as a password or an access token.
func (c *Client) TokenFunc(resource string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		t, err := c.Token(ctx, resource)
		return t.Value(), err
	}
}

// Wrap returns a copy of hc that authenticates its requests with tokens for resource; see
// [Transport] for when it does. A nil hc is a copy of http.DefaultClient.
func (c *Client) Wrap(hc *http.Client, resource string) *http.Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	wrapped := *hc
	wrapped.Transport = &Transport{Client: c, Resource: resource, Base: hc.Transport}
	return &wrapped
}

// PerRPCCredentials returns credentials for gRPC that send tokens for resource, over TLS only.
func (c *Client) PerRPCCredentials(resource string) PerRPCCredentials {
	return PerRPCCredentials{client: c, resource: resource}
}

// Warm gets the tokens for resources, all at once, and returns when each is there or has failed. A
// program that calls it at startup finds out about a missing identity then, and not with its first
// request, and about a missing role too if the service requires assignment. Warm keeps trying until
// ctx ends, even where nothing listens yet; without a deadline it tries as long as Token does. The
// error joins one [*Error] for each resource that failed.
func (c *Client) Warm(ctx context.Context, resources ...string) error {
	if c.life().Ended() {
		return ErrClosed
	}
	errs := make([]error, len(resources))
	var wg sync.WaitGroup
	for i, resource := range resources {
		wg.Go(func() { _, errs[i] = c.cache.warm(ctx, resource) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Invalidate reports that a service rejected t, as with a 401. The client looks for another token,
// and callers wait for it two seconds at most. If there is no other (platforms with a cache of
// their own return the same one for hours) or the endpoint is down, the client keeps serving t:
// another service may accept it.
//
// A token that is no longer in use is ignored, and so is a rejection within minutes of one that was
// acted on: a service that rejects every token must not become a load on the endpoint.
func (c *Client) Invalidate(t Token) { c.tokens().invalidate(t) }

// OnRotate calls f with every token for resource that the client gets from now on, the first
// included, for clients that need a notification of a new password and do not ask for it. Calls
// come one at a time from a goroutine of the client; one that takes long misses tokens that are out
// of date when it returns. f must not call Close.
//
// OnRotate neither fetches a token nor reports the current one: subscribe, then call Token. While f
// is subscribed, the client refreshes the resource's token even if nothing else uses it. stop ends
// the subscription; a call that has begun may still be under way when stop returns. With a nil f,
// or on a closed client, OnRotate does nothing.
func (c *Client) OnRotate(resource string, f func(Token)) (stop func()) {
	if f == nil || c.life().Ended() {
		return func() {}
	}
	return c.cache.observers.subscribe(hosts.TrimScope(resource), f)
}

// Status returns where tokens come from and the state of each. It never waits for the endpoint.
func (c *Client) Status() Status {
	s := c.tokens().status()
	if c != nil && c.assertions != nil {
		s.Resources = append(s.Resources, c.assertions.status().Resources...)
	}
	return s
}

// closeTimeout is how long Close waits for a source or a callback that ignores the end of its
// context. One that heeds it returns at once.
const closeTimeout = 5 * time.Second

// Close ends the refresh of all tokens and returns when every goroutine of the client has ended.
// Callers that wait get [ErrClosed], as does every call afterwards; events that are still pending
// are delivered first. Another call of Close returns the same result. [ErrStillRunning] means that
// a source or a callback has not returned in time.
func (c *Client) Close() error {
	cache := c.tokens()
	if cache == nil {
		return nil
	}
	c.closing.Do(func() {
		cache.life.End()
		cache.close()
		if c.assertions != nil {
			c.assertions.close()
		}
		if !cache.life.Wait(closeTimeout) {
			c.closeErr = ErrStillRunning
		}
		cache.observers.end()
		cache.endpoint.source.Close()
		if c.assertions != nil {
			c.assertions.endpoint.source.Close()
		}
		c.leave()
	})
	return c.closeErr
}

// Format writes where the client's tokens come from, for every verb. It hides the fields, which
// hold secrets and change concurrently.
func (c *Client) Format(f fmt.State, _ rune) {
	s := c.Status()
	_, _ = fmt.Fprintf(f, "aztoken.Client(%s)", s.Host)
}

// tokens returns the cache, nil for a nil or zero Client.
func (c *Client) tokens() *cache {
	if c == nil {
		return nil
	}
	return c.cache
}

// life returns the lifetime of the client; one that has ended for a nil or zero Client.
func (c *Client) life() *lifetime.Lifetime {
	if c.tokens() == nil {
		return nil
	}
	return c.cache.life
}
