package wire

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/tracing"
)

// secretHeaders must not reach a log whatever the caller allows: each carries the right to ask for tokens.
var secretHeaders = []string{"Authorization", "Secret", "X-Identity-Header"}

// Client sends token requests through azcore's pipeline, so that telemetry, request logging, tracing and a
// caller's policies work as in every Azure SDK client. It makes one try: when to try again is for the owner of
// the token to decide, who knows what is left of the old one.
type Client struct {
	pipeline  runtime.Pipeline
	tracer    tracing.Tracer
	transport *transport
}

// NewClient returns a Client that calls itself module and version, such as "v1.2.3", in the User-Agent header.
// Of opts the retry settings are not used, and bodies and secret headers are never logged.
func NewClient(module, version string, opts azcore.ClientOptions) (*Client, error) {
	opts.Retry = policy.RetryOptions{MaxRetries: -1}
	opts.Logging.IncludeBody = false // the body is the token
	opts.Logging.AllowedHeaders = withoutSecrets(opts.Logging.AllowedHeaders)
	t := newTransport(opts.Transport)
	opts.Transport = t
	c, err := azcore.NewClient(module, version, runtime.PipelineOptions{
		APIVersion:             runtime.APIVersionOptions{Name: "api-version", Location: runtime.APIVersionLocationQueryParam},
		AllowedQueryParameters: []string{"resource", "client_id", "object_id", "msi_res_id", "mi_res_id"},
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

// Tracer makes the spans of a source.
func (c *Client) Tracer() tracing.Tracer { return c.tracer }

// Token sends req and reads the token from the reply. Its error is a [*Failure].
func (c *Client) Token(req *policy.Request) (azcore.AccessToken, error) {
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return azcore.AccessToken{}, noAnswer(err)
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return azcore.AccessToken{}, noAnswer(err)
	}
	if resp.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, refusal(resp.StatusCode, resp.Header, body, time.Now())
	}
	token, err := ParseReply(body, time.Now())
	if err != nil {
		return azcore.AccessToken{}, &Failure{StatusCode: resp.StatusCode, JSON: !errors.Is(err, errNotObject), Err: err}
	}
	return token, nil
}

// Close drops the idle connections that the Client made itself.
func (c *Client) Close() { c.transport.closeIdle() }
