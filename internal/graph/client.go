package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/seed-ac726066/aztoken/internal/origin"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	// maxRetries is for throttled and interrupted requests: some twenty seconds with azcore's
	// growing delays, or as many times Retry-After.
	maxRetries = 4
	// maxRetryDelay is the longest Retry-After that is obeyed; Graph asks for a few minutes at
	// most.
	maxRetryDelay = 5 * time.Minute
	// tryTimeout is for one request: Graph answers within seconds, or never.
	tryTimeout = time.Minute
)

// Options are the settings of a Client. Credential or Endpoint is required.
type Options struct {
	// Cloud is the cloud of Graph. The zero value is [Public].
	Cloud Cloud
	// Endpoint replaces https://Host, for a fake on this machine: only a loopback address is
	// allowed. The tokens for it are those of its own sign-in. "" is Graph itself.
	Endpoint string
	// Credential signs in. Its errors are returned as a [*SignInError]. With Endpoint it is not
	// asked: a token for Graph must not get to a fake.
	Credential azcore.TokenCredential
	// Transport sends the requests. Nil is a client that uses the proxy of the environment.
	Transport policy.Transporter
	// OnThrottled, if set, is called with the Retry-After of a throttled request.
	OnThrottled func(wait time.Duration)
}

// Client calls Microsoft Graph. It is safe for concurrent use.
type Client struct {
	base     *url.URL // with the version, without a trailing slash
	pipeline runtime.Pipeline
	signIn   *signIn
	idle     func()
}

// New returns a Client. Its errors are mistakes in opts.
func New(opts Options) (*Client, error) {
	if opts.Credential == nil && opts.Endpoint == "" {
		return nil, errors.New("graph: Options.Credential is nil; set it")
	}
	if opts.Cloud.Host == "" {
		opts.Cloud = Public()
	}
	base, err := baseURL(opts)
	if err != nil {
		return nil, err
	}
	reach := wire.Reach{Place: wire.Internet}
	if opts.Endpoint != "" {
		reach.Place = wire.Machine
	}
	transport, idle, err := wire.NewTransport(opts.Transport, reach)
	if err != nil {
		return nil, err
	}
	signIn := &signIn{credential: opts.Credential}
	if opts.Endpoint != "" {
		signIn.credential = fakeSignIn{strings.TrimSuffix(base.String(), version) + FakeSignInPath, transport}
	}
	bearer := runtime.NewBearerTokenPolicy(signIn, []string{opts.Cloud.scope()}, &policy.BearerTokenOptions{
		// baseURL allows http on this machine only.
		InsecureAllowCredentialWithHTTP: base.Scheme == "http",
	})
	c, err := azcore.NewClient("aztoken-graph", "v0.1.0", runtime.PipelineOptions{
		AllowedQueryParameters: []string{"$filter", "$select"},
		PerRetry:               []policy.Policy{bearer, throttling(opts.OnThrottled)},
	}, &azcore.ClientOptions{
		Transport: transport,
		Retry:     policy.RetryOptions{MaxRetries: maxRetries, MaxRetryDelay: maxRetryDelay, TryTimeout: tryTimeout},
	})
	if err != nil {
		return nil, err
	}
	return &Client{base: base, pipeline: c.Pipeline(), signIn: signIn, idle: idle}, nil
}

// Close closes the idle connections that the Client made itself.
func (c *Client) Close() { c.idle() }

// version is the first part of every path.
const version = "/v1.0"

// baseURL returns the address of Graph, with the version.
func baseURL(opts Options) (*url.URL, error) {
	if opts.Endpoint == "" {
		return &url.URL{Scheme: "https", Host: opts.Cloud.Host, Path: version}, nil
	}
	u, err := url.Parse(opts.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !origin.Loopback(u.Hostname()) {
		return nil, errors.New("graph: Options.Endpoint is not an http or https address of this machine; set it to one such as http://127.0.0.1:8080, or leave it empty")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + version}, nil
}

// throttling reports each 429 with a Retry-After.
type throttling func(time.Duration)

func (t throttling) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if t != nil && err == nil && resp.StatusCode == http.StatusTooManyRequests {
		if wait := wire.RetryAfter(resp.Header.Get("Retry-After"), time.Now()); wait > 0 {
			t(wait)
		}
	}
	return resp, err
}

// call is one request.
type call struct {
	method string
	path   string     // escaped, from the slash after the version
	query  url.Values // nil for none
	upsert bool       // create what does not exist
	body   any        // nil for none
	needs  Permission // named in the error if it is missing
}

// do makes a call and reads the answer into result, unless that is nil or there is no answer. An
// answer other than success is an [*Error].
func (c *Client) do(ctx context.Context, l call, result any) (status int, err error) {
	address := c.base.String() + l.path
	if len(l.query) > 0 {
		// OData does not read a plus as a space.
		address += "?" + strings.ReplaceAll(l.query.Encode(), "+", "%20")
	}
	return c.doAt(ctx, address, l, result)
}

func (c *Client) doAt(ctx context.Context, address string, l call, result any) (status int, err error) {
	req, err := runtime.NewRequest(ctx, l.method, address)
	if err != nil {
		return 0, err
	}
	req.Raw().Header.Set("Accept", "application/json")
	if l.upsert {
		req.Raw().Header.Set("Prefer", "create-if-missing")
	}
	if l.body != nil {
		if err := runtime.MarshalAsJSON(req, l.body); err != nil {
			return 0, err
		}
	}
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return 0, noAnswer(ctx, err)
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return 0, noAnswer(ctx, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, newError(resp.StatusCode, resp.Header, body, l.needs, time.Now())
	}
	if result == nil || resp.StatusCode == http.StatusNoContent {
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(body, result); err != nil {
		return resp.StatusCode, &Error{StatusCode: resp.StatusCode, Err: errNotGraph}
	}
	return resp.StatusCode, nil
}
