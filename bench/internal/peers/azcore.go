package peers

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Azcore returns the pipeline of an Azure SDK client: azcore's bearer token policy, which has a
// cache of its own, over azidentity's credential. A token is what a request through it carries.
func Azcore() Library {
	return Library{Name: "azcore pipeline", New: func(e Endpoint) (Client, error) {
		credential, err := newAzidentity(e)
		if err != nil {
			return nil, err
		}
		bearer := runtime.NewBearerTokenPolicy(credential, []string{e.Resource + "/.default"}, nil)
		return &azcoreClient{bearer: bearer, service: NewPipeline(answer{}, bearer), resource: e.Resource}, nil
	}}
}

// NewPipeline returns the pipeline of an Azure SDK client with its default options over base, with
// a bearer token policy or, if that is nil, without: what the policy's cost is to be compared with.
func NewPipeline(base http.RoundTripper, bearer policy.Policy) http.RoundTripper {
	var perRetry []policy.Policy // where the SDK's clients have it
	if bearer != nil {
		perRetry = append(perRetry, bearer)
	}
	return pipeline{runtime.NewPipeline("bench", "v1.0.0", runtime.PipelineOptions{PerRetry: perRetry},
		&azcore.ClientOptions{Transport: &http.Client{Transport: base}})}
}

type pipeline struct{ runtime.Pipeline }

func (p pipeline) RoundTrip(r *http.Request) (*http.Response, error) {
	// Made as the SDK's clients make their requests.
	req, err := runtime.NewRequest(r.Context(), r.Method, r.URL.String())
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Raw().Header, r.Header)
	return p.Do(req)
}

type azcoreClient struct {
	bearer   *runtime.BearerTokenPolicy
	service  http.RoundTripper
	resource string
	closed
}

func (c *azcoreClient) Token(ctx context.Context) (string, time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.resource, nil)
	if err != nil {
		return "", time.Time{}, err
	}
	resp, err := c.service.RoundTrip(req)
	if err != nil {
		return "", time.Time{}, err
	}
	value := strings.TrimPrefix(resp.Request.Header.Get("Authorization"), "Bearer ")
	expires, err := expiryOf(value)
	return value, expires, err
}

func (c *azcoreClient) Authorize(base http.RoundTripper) (http.RoundTripper, error) {
	return NewPipeline(base, c.bearer), nil
}

// expiryOf reads the end of a token from the token itself, as a request has no other.
func expiryOf(token string) (time.Time, error) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return time.Time{}, fmt.Errorf("peers: the token of a request: %w", err)
	}
	var claims jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return time.Time{}, fmt.Errorf("peers: the claims of a request's token: %w", err)
	}
	return claims.Expiry.Time(), nil
}

// answer is a service that says yes to everything.
type answer struct{}

func (answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}
