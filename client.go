package aztoken

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/sync/singleflight"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// Options are the settings of a [Client]. The zero value is right for a program on an Azure host.
type Options struct {
	// ClientOptions are those of every Azure SDK client, for the requests to the identity endpoint. Retry is not
	// used (the client has retries of its own), and Logging never shows a body or a secret header. An *http.Client
	// as Transport is used without its proxy, redirects and cookies; a RoundTripper in it that is no
	// *http.Transport, or a Transport that is no *http.Client, must itself use no proxy and follow no redirect. (Workload identity, whose endpoint is in the internet, uses the proxy of
	// the environment, or that of your client.)
	azcore.ClientOptions

	// ID is the managed identity to use. Nil is the host's default: the system-assigned one or, on most hosts, the only
	// one. An ID of a kind that the host does not take is an error of NewClient.
	ID ID

	// Credential is the source of tokens in place of the host's managed identity: any azcore.TokenCredential, for
	// example azidentity's Azure CLI credential on a developer's machine. ClientOptions, ID, Endpoint and Getenv do not
	// apply.
	Credential azcore.TokenCredential

	// Endpoint is the base URL of IMDS; set, it is used whatever host the environment names. "" leaves it to the
	// environment, and where that names no other host it is http://169.254.169.254.
	Endpoint string

	// Getenv reads the environment variables by which the host is found, when the client is made. Nil is os.Getenv.
	// Tests pass that of imdstest.Environment. The proxy of workload identity is always that of the process.
	Getenv func(name string) string

	// Refresh says when a token is replaced. Nil is HalfLife().
	Refresh RefreshPolicy

	// Logger gets a line for each new token, failed request and rejection. Nil is silent. Its handler is called as
	// OnEvent is.
	Logger *slog.Logger

	// OnEvent is called for every Event before what caused it goes on: it should be quick, and it must not wait for
	// a token of this Client or close it. Nil is nobody.
	OnEvent func(Event)
}

// Client gets tokens and keeps them fresh. One Client serves a whole program: it is safe for concurrent use, and every
// resource has its one token in it. It is both a consumer of an azcore.TokenCredential and one itself.
type Client struct {
	opts   Options
	host   host
	epoch  time.Time // where the monotonic clock of this client starts
	cache  cache
	places places

	flights  singleflight.Group
	failures failures
	answered atomic.Bool // the source has answered at least once, so it exists

	// ctx is the lifetime of the client: it ends every request when the client is closed.
	ctx     context.Context
	cancel  context.CancelFunc
	mu      sync.Mutex // keeps the Add of running before the end of ctx
	running sync.WaitGroup

	rotations rotations
}

var _ azcore.TokenCredential = (*Client)(nil)

// NewClient returns a Client; nil opts are the defaults. It looks at the environment to find the host's identity endpoint
// and never touches the network: the first token is got when it is asked for, or by [Client.Warm].
//
// Its errors are mistakes in opts or the environment.
func NewClient(opts *Options) (*Client, error) {
	return newClient(opts, hosts.FindArcFiles(runtime.GOOS, os.Getenv)) // the machine's, whatever Getenv says of the host
}

func newClient(opts *Options, files hosts.ArcFiles) (*Client, error) {
	c := &Client{epoch: time.Now(), places: newPlaces()}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Refresh == nil {
		c.opts.Refresh = HalfLife()
	}
	var err error
	if c.host, err = findHost(c.opts, files); err != nil {
		return nil, err
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c, nil
}

// Token returns a token for resource, the App ID URI of the service to call, to the letter: a slash at its end makes
// another resource. A scope (resource plus "/.default") is understood too.
//
// While a valid token is held it is returned at once, whatever the state of the endpoint or of ctx. Otherwise Token waits
// for the one request that all callers share, until ctx ends; without a deadline about 75 s at most, about 10 s
// where nothing listens. Its error is an [*Error], or [ErrClosed].
func (c *Client) Token(ctx context.Context, resource string) (Token, error) {
	h, err := c.token(ctx, request{resource: hosts.TrimScope(resource)})
	if err != nil {
		return Token{}, err
	}
	return h.token, nil
}

// GetToken implements azcore.TokenCredential. It takes exactly one scope, a resource with or without "/.default". The result
// always has RefreshOn, at which the SDK's own cache asks again.
//
// Claims of a challenge force a request past the cache, and it is an error if that brings the same token; while challenges
// follow each other they are acted on as rarely as refusals (see [Client.Invalidate]). TenantID and EnableCAE are for
// Options.Credential; a managed identity has but one tenant.
func (c *Client) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(opts.Scopes) != 1 {
		return azcore.AccessToken{}, fmt.Errorf("aztoken: GetToken got %d scopes; give exactly one, such as https://vault.azure.net/.default", len(opts.Scopes))
	}
	r := request{resource: hosts.TrimScope(opts.Scopes[0])}
	if c.opts.Credential != nil {
		r.tenant, r.cae = opts.TenantID, opts.EnableCAE
	}
	var h *held
	var err error
	if opts.Claims != "" {
		r.demand = &demand{claims: opts.Claims}
		h, err = c.challenged(ctx, r)
	} else {
		h, err = c.token(ctx, r)
	}
	if err != nil {
		return azcore.AccessToken{}, err
	}
	// Not by Token.Value, which would copy the token: this is the hot path of every SDK client.
	return azcore.AccessToken{Token: h.token.secret.value(), ExpiresOn: h.token.ExpiresOn, RefreshOn: h.token.RefreshOn}, nil
}

// token is the read path: from the cache without a lock or an allocation, or else by a flight.
func (c *Client) token(ctx context.Context, r request) (*held, error) {
	e := c.cache.lookup(r)
	if e != nil {
		if h := e.read(c.now()); h != nil {
			return h, nil
		}
	}
	return c.wait(ctx, r, e)
}

func (c *Client) now() clock {
	now := time.Now()
	return clock{wall: now.UnixNano(), mono: now.Sub(c.epoch)}
}

// TokenFunc returns a function that gives the current token for resource as a string: the hook that database drivers and
// message clients ask for, as a password or an access token.
func (c *Client) TokenFunc(resource string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		t, err := c.Token(ctx, resource)
		return t.Value(), err
	}
}

// Wrap returns a copy of hc that authenticates its requests with tokens for resource; see [Transport] for when it does.
// A nil hc is a copy of http.DefaultClient.
func (c *Client) Wrap(hc *http.Client, resource string) *http.Client {
	if hc == nil {
		hc = http.DefaultClient
	}
	wrapped := *hc
	wrapped.Transport = &Transport{Client: c, Resource: resource, Base: hc.Transport}
	return &wrapped
}

// Warm gets the tokens for resources, all at once, and returns when each is there or has failed. A program that calls it
// at its start meets a missing role or identity there and not in its first request. The error joins one [*Error] for
// each resource that failed.
func (c *Client) Warm(ctx context.Context, resources ...string) error {
	if c.closed() {
		return ErrClosed
	}
	errs := make([]error, len(resources))
	var wg sync.WaitGroup
	for i, resource := range resources {
		wg.Go(func() { _, errs[i] = c.Token(ctx, resource) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Format writes where the client's tokens come from, for every verb. Its fields are nobody's business, and change while
// they would be printed.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "aztoken.Client(%s)", c.host.name)
}
