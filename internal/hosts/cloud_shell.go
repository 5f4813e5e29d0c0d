package hosts

import (
	"context"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// cloudShell is Azure Cloud Shell. Its tokens belong to the person who signed in.
//
// https://learn.microsoft.com/azure/cloud-shell/msi-authorization
type cloudShell struct {
	wire *wire.Client
	url  secret.Value[*url.URL] // hidden because its query may hold a secret
	at   surroundings
}

func newCloudShell(cfg *Config) (endpoint string, source Source, err error) {
	if cfg.ID.Kind != Default {
		return "", nil, noID()
	}
	u, err := endpointURL(cfg.Getenv, msiEndpoint, "http", "https")
	if err != nil {
		return "", nil, err
	}
	w, err := cfg.client(wire.Reach{})
	if err != nil {
		return "", nil, err
	}
	return displayURL(u), &cloudShell{wire: w, url: secret.New(u), at: newSurroundings(cfg, true)}, nil
}

// Token implements [Source].
func (s *cloudShell) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.CloudShell")
	defer func() { end(err) }()
	req, err := newPost(ctx, s.url.Reveal().String(), url.Values{"resource": {r.Resource}})
	if err != nil {
		return azcore.AccessToken{}, err
	}
	req.Raw().Header.Set("Metadata", "true")
	token, err = s.wire.Token(req)
	return finish(r.Tenant, token, err, s.explain)
}

// Close implements [Source].
func (s *cloudShell) Close() { s.wire.Close() }

func (s *cloudShell) explain(f *wire.Failure) {
	switch {
	case f.Unreachable:
		f.Advice = absentAdvice(msiEndpoint)
	case f.Code == "AudienceNotSupported":
		f.Advice = "Cloud Shell has tokens for Azure's own services only; for others run az login and use the sign-in of the Azure CLI"
	}
	s.at.explain(f)
}
