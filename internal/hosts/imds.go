package hosts

import (
	"context"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

const (
	imdsAddress = "http://169.254.169.254"
	imdsPath    = "/metadata/identity/oauth2/token"
	// imdsVersion is the first version with tokens, which every IMDS there is understands.
	imdsVersion = "2018-02-01"
)

// imdsParameters are those of the endpoints that are modelled on IMDS too.
var imdsParameters = parameters{"client_id", "object_id", "msi_res_id"}

// imds is the Instance Metadata Service: virtual machines, scale sets, AKS nodes and container
// instances.
//
//	GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=…
//	Metadata: true
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
type imds struct {
	getter
	at surroundings
}

func newIMDS(cfg Config) (Host, error) {
	base, field, named := imdsBase(cfg)
	u, ok := parseIMDSBase(base)
	switch {
	case !ok:
		return Host{}, &ConfigError{Field: field, Problem: notIMDSBase, Fix: fixIMDSBase}
	case cfg.ID.Kind == Default && namesIdentityIn(base):
		return Host{}, &ConfigError{Field: field, Problem: idInQuery, Fix: fixIDInQuery}
	}
	w, err := cfg.client(wire.Reach{})
	if err != nil {
		return Host{}, err
	}
	query := url.Values{"api-version": {imdsVersion}}
	imdsParameters.set(query, cfg.ID)
	return Host{
		Endpoint: u.String(), // the path is the same everywhere
		Source: &imds{
			getter: getter{wire: w, url: secret.New(u.JoinPath(imdsPath)), query: query, header: "Metadata", proof: secret.New("true")},
			at:     newSurroundings(cfg, named),
		},
	}, nil
}

// Token implements [Source].
func (s *imds) Token(ctx context.Context, r Request) (azcore.AccessToken, error) {
	return s.token(ctx, "aztoken.IMDS", r, nil, s.explain)
}

func (s *imds) explain(f *wire.Failure) {
	s.at.explain(f)
	explainStranger(f, s.at.named)
	if (f.Unreachable || f.Reason == wire.NoEndpoint) && !s.at.named {
		f.Advice = s.at.absent()
	}
}
