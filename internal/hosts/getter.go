package hosts

import (
	"context"
	"net/http"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// getter asks an endpoint with one GET, which works for most hosts. They differ in the names of
// headers and parameters.
type getter struct {
	wire *wire.Client
	// url is hidden because its query may hold a secret.
	url secret.Value[*url.URL]
	// query has the parameters of every request except the resource.
	query url.Values
	// header and proof show that a program of this host asks, and not a page in its browser.
	header string
	proof  secret.Text
}

// named are the variables in which a host names its endpoint and a secret, and the header in which
// it wants that back.
type named struct{ endpoint, secret, header string }

// ownVersion is the version of a host that has it in the query of its endpoint.
const ownVersion = ""

// getter returns the getter of such a host, for one version of its API.
func (n named) getter(cfg *Config, version string, reach wire.Reach, schemes ...string) (getter, error) {
	u, err := endpointURL(cfg.Getenv, n.endpoint, schemes...)
	if err != nil {
		return getter{}, err
	}
	proof, err := headerSecret(cfg.Getenv, n.secret)
	if err != nil {
		return getter{}, err
	}
	w, err := cfg.client(reach)
	if err != nil {
		return getter{}, err
	}
	query := url.Values{}
	if version != ownVersion {
		query.Set("api-version", version)
	}
	return getter{wire: w, url: secret.New(u), query: query, header: n.header, proof: proof}, nil
}

// address returns the address of the endpoint, without anything secret.
func (g *getter) address() string { return displayURL(g.url.Reveal()) }

// token asks for what r says, with more parameters, in a span of that name. explain adds to a
// failure what the host means by it.
func (g *getter) token(ctx context.Context, span string, r Request, more url.Values, explain func(*wire.Failure)) (token azcore.AccessToken, err error) {
	ctx, end := g.wire.StartSpan(ctx, span)
	defer func() { end(err) }()
	req, err := g.request(ctx, r.Resource, more)
	if err == nil {
		token, err = g.wire.Token(req)
	}
	return finish(r.Tenant, token, err, explain)
}

func (g *getter) request(ctx context.Context, resource string, more url.Values) (*policy.Request, error) {
	u := *g.url.Reveal()
	query := u.Query()
	for _, parameters := range []url.Values{g.query, more, {"resource": {resource}}} {
		for name, values := range parameters {
			query[name] = values
		}
	}
	u.RawQuery = query.Encode()
	req, err := runtime.NewRequest(ctx, http.MethodGet, u.String())
	if err != nil {
		return nil, err
	}
	req.Raw().Header.Set(g.header, g.proof.Reveal())
	return req, nil
}

// Close implements [Source].
func (g *getter) Close() { g.wire.Close() }
