package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"
)

// secretHeaders must not reach a log, even if the caller allows them: each one is enough to get
// tokens.
var secretHeaders = []string{"Authorization", "Secret", "X-Identity-Header"}

// Client sends token requests through azcore's pipeline, so that telemetry, request logging,
// tracing and a caller's policies work as in every Azure SDK client. It tries once: the owner of
// the token decides when to try again, because it knows how long the old token lasts.
type Client struct {
	pipeline  runtime.Pipeline
	tracer    tracing.Tracer
	transport *transport
}

// Config has the settings of a Client.
type Config struct {
	// Module and Version, such as "v1.2.3", are what the Client calls itself in the User-Agent
	// header.
	Module, Version string
	// Options are the caller's. The retry settings are not used, and bodies and secret headers are
	// never logged.
	Options azcore.ClientOptions
	// Reach is how the endpoint is reached. Its zero value is an endpoint of this machine.
	Reach Reach
}

// NewClient returns a Client. Its errors are mistakes in cfg.
func NewClient(cfg Config) (*Client, error) {
	opts := cfg.Options
	opts.Retry = policy.RetryOptions{MaxRetries: -1}
	opts.Logging.IncludeBody = false // the body is the token
	opts.Logging.AllowedHeaders = withoutSecrets(opts.Logging.AllowedHeaders)
	t, err := newTransport(opts.Transport, cfg.Reach)
	if err != nil {
		return nil, err
	}
	opts.Transport = t
	c, err := azcore.NewClient(cfg.Module, cfg.Version, runtime.PipelineOptions{
		APIVersion:             runtime.APIVersionOptions{Name: "api-version", Location: runtime.APIVersionLocationQueryParam},
		AllowedQueryParameters: []string{"resource", "client_id", "object_id", "msi_res_id", "mi_res_id", "clientid", "principalId"},
		Tracing:                runtime.TracingOptions{Namespace: "Microsoft.ManagedIdentity"},
	}, &opts)
	if err != nil {
		return nil, err
	}
	return &Client{pipeline: c.Pipeline(), tracer: c.Tracer(), transport: t}, nil
}

func withoutSecrets(headers []string) []string {
	return slices.DeleteFunc(slices.Clone(headers), func(h string) bool {
		return slices.ContainsFunc(secretHeaders, func(s string) bool { return strings.EqualFold(s, h) })
	})
}

// StartSpan begins the span of a request for a token. end ends it, with the error of the request.
func (c *Client) StartSpan(ctx context.Context, name string) (spanCtx context.Context, end func(error)) {
	return runtime.StartSpan(ctx, name, c.tracer, nil)
}

// Token sends req and returns the token in the answer. Its error is a [*Failure].
func (c *Client) Token(req *policy.Request) (azcore.AccessToken, error) {
	a, err := c.Do(req)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	return a.Token()
}

// Do sends req and returns the answer, with any status. Its error is a [*Failure].
func (c *Client) Do(req *policy.Request) (Answer, error) {
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return Answer{}, c.noAnswer(req, err)
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return Answer{}, c.noAnswer(req, err)
	}
	return newAnswer(req.Raw(), resp, body), nil
}

// noAnswer returns the failure of req, which ended in err.
func (c *Client) noAnswer(req *policy.Request, err error) *Failure {
	if cause := context.Cause(req.Raw().Context()); errors.Is(cause, errNoConnection) {
		err = &net.OpError{Op: "dial", Err: cause}
	}
	f := noAnswer(err)
	// An unreachable network says nothing about this machine's identity.
	f.Unreachable = f.Unreachable && c.transport.reach.Place == Machine
	if c.transport.reach.Roots != nil && errors.As(err, new(*tls.CertificateVerificationError)) {
		// The endpoint may have got its new certificate before this machine got the new authority.
		f.Retry, f.MaxRetries = true, maxStaleRetries
	}
	return f
}

// Close drops the idle connections that the Client made itself.
func (c *Client) Close() { c.transport.closeIdle() }
