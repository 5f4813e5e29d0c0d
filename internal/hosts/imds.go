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
	// imdsVersion is the first version with tokens. Every IMDS understands it.
	imdsVersion = "2018-02-01"
)

// imdsParameters are also those of the endpoints that are modeled on IMDS.
var imdsParameters = parameters{ClientID: "client_id", ObjectID: "object_id", ResourceID: "msi_res_id"}

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

func newIMDS(cfg *Config) (endpoint string, source Source, err error) {
	base, field, named := imdsBase(cfg)
	u, ok := parseIMDSBase(base)
	switch {
	case !ok:
		return "", nil, &ConfigError{Field: field, Problem: notIMDSBase, Fix: fixIMDSBase}
	case cfg.ID.Kind == Default && namesIdentityIn(base):
		return "", nil, &ConfigError{Field: field, Problem: idInQuery, Fix: fixIDInQuery}
	}
	// The path is left out because it is the same everywhere.
	address := u.String()
	// RawPath is used only if it is an encoding of Path.
	u.Path, u.RawPath = u.Path+imdsPath, u.RawPath+imdsPath
	g, err := newMetadataGetter(cfg, u, imdsVersion)
	if err != nil {
		return "", nil, err
	}
	return address, &imds{getter: g, at: newSurroundings(cfg, named)}, nil
}

// newMetadataGetter returns the getter of IMDS, or of an endpoint that is modelled on it.
func newMetadataGetter(cfg *Config, u *url.URL, version string) (getter, error) {
	w, err := cfg.client(wire.Reach{})
	if err != nil {
		return getter{}, err
	}
	query := url.Values{"api-version": {version}}
	imdsParameters.set(query, cfg.ID)
	return getter{wire: w, url: secret.New(u), query: query, header: "Metadata", proof: secret.New("true")}, nil
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
