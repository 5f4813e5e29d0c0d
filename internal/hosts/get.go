package hosts

import (
	"context"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// getter is an endpoint that is asked by one GET, as most are. They differ in the names of things.
type getter struct {
	url   *url.URL
	query url.Values // beside the resource
	// header and secret prove that a program of this host asks, and not a page in its browser.
	header, secret string
	reach          wire.Reach
	// claims are the parameters of a claims challenge; nil: the endpoint has none.
	claims  func(ctx context.Context, claims string) url.Values
	explain func(*wire.Failure)
	absent  string
}

// host is the Host of g for cfg. What it holds of g is in a closure.
func (g getter) host(cfg Config, span string) (Host, error) {
	w, err := cfg.client(g.reach)
	if err != nil {
		return Host{}, err
	}
	ask := func(ctx context.Context, resource string, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
		req, err := g.request(ctx, resource, opts.Claims)
		if err != nil {
			return azcore.AccessToken{}, err
		}
		return w.Token(req)
	}
	return Host{
		Endpoint: address(g.url),
		Source:   &source{wire: w, span: span, ask: ask, explain: g.explain, absent: g.absent},
		Close:    w.Close,
	}, nil
}

func (g getter) request(ctx context.Context, resource, claims string) (*policy.Request, error) {
	query := g.url.Query()
	add := func(more url.Values) {
		for name, values := range more {
			query[name] = values
		}
	}
	add(g.query)
	if g.claims != nil && claims != "" {
		add(g.claims(ctx, claims))
	}
	query.Set("resource", resource)
	u := *g.url
	u.RawQuery = query.Encode()
	req, err := runtime.NewRequest(ctx, http.MethodGet, u.String())
	if err != nil {
		return nil, err
	}
	req.Raw().Header.Set(g.header, g.secret)
	return req, nil
}
