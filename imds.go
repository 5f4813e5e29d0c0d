package aztoken

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	imdsAddress = "http://169.254.169.254"
	imdsPath    = "/metadata/identity/oauth2/token"
	// imdsVersion is the first version with tokens, which every IMDS there is understands.
	imdsVersion = "2018-02-01"
	// imdsOverride is what Azure's SDKs for other languages read to find another IMDS, such as AKS pod identity's.
	imdsOverride = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
)

// imds is the source of virtual machines, scale sets, AKS nodes and container instances: the Instance Metadata Service.
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
type imds struct {
	wire *wire.Client
	url  string // with everything but the resource
}

func newIMDS(opts Options, getenv func(string) string) (host, error) {
	base, from := opts.Endpoint, "Options.Endpoint"
	if base == "" {
		base, from = getenv(imdsOverride), "$"+imdsOverride
	}
	if base == "" {
		base = imdsAddress
	}
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return host{}, fmt.Errorf("aztoken: %s is no base URL of an identity endpoint; give scheme and host, as in %s", from, imdsAddress)
	}
	name := "IMDS at " + u.String()
	query := url.Values{"api-version": {imdsVersion}}
	if opts.ID != nil {
		parameter, err := imdsParameter(opts.ID)
		if err != nil {
			return host{}, err
		}
		query.Set(parameter, opts.ID.String())
	}
	u = u.JoinPath(imdsPath)
	u.RawQuery = query.Encode()
	w, err := wire.NewClient(module, version, opts.ClientOptions)
	if err != nil {
		return host{}, fmt.Errorf("aztoken: Options.ClientOptions: %w", err)
	}
	return host{name: name, source: &imds{wire: w, url: u.String()}, timeout: attemptTimeout, close: w.Close}, nil
}

func imdsParameter(id ID) (string, error) {
	if id.String() == "" {
		return "", fmt.Errorf("aztoken: Options.ID is an empty %T; give the id, or leave ID nil for the host's default identity", id)
	}
	switch id.(type) {
	case ClientID:
		return "client_id", nil
	case ObjectID:
		return "object_id", nil
	default:
		return "msi_res_id", nil
	}
}

// GetToken implements azcore.TokenCredential: one request, no cache.
func (s *imds) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (token azcore.AccessToken, err error) {
	ctx, end := runtime.StartSpan(ctx, "aztoken.IMDS", s.wire.Tracer(), nil)
	defer func() { end(err) }()
	resource := trimScope(opts.Scopes[0])
	req, err := runtime.NewRequest(ctx, http.MethodGet, s.url+"&resource="+url.QueryEscape(resource))
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Raw().Header.Set("Metadata", "true")
	return s.wire.Token(req)
}
