package hosts

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// azureMLVersion is the one version that Azure ML's endpoint knows, that of App Service of old.
const azureMLVersion = "2017-09-01"

// azureML is a compute of Azure Machine Learning.
//
// https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication
type azureML struct {
	getter
	at surroundings
}

func newAzureML(cfg Config) (Host, error) {
	if cfg.ID.Kind != Default && cfg.ID.Kind != ClientID {
		return Host{}, errClientOnly
	}
	u, err := endpointURL(cfg.Getenv, msiEndpoint, "http", "https")
	if err != nil {
		return Host{}, err
	}
	header, err := headerSecret(cfg.Getenv, msiSecret)
	if err != nil {
		return Host{}, err
	}
	w, err := cfg.client(wire.Reach{})
	if err != nil {
		return Host{}, err
	}
	query := url.Values{"api-version": {azureMLVersion}}
	id := cfg.ID
	if own := cfg.Getenv(defaultClientID); id.Kind == Default && own != "" {
		id = ID{ClientID, own}
		if err := id.checkForm("$" + defaultClientID); err != nil {
			return Host{}, err
		}
	}
	parameters{clientID: "clientid"}.set(query, id)
	return Host{
		Endpoint: displayURL(u),
		Source: &azureML{
			getter: getter{wire: w, url: secret.New(u), query: query, header: "Secret", proof: header},
			at:     newSurroundings(cfg, true, defaultClientID),
		},
	}, nil
}

// Token implements [Source].
func (s *azureML) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.AzureML")
	defer func() { end(err) }()
	token, err = s.get(ctx, r.Resource, nil)
	return finish(r, token, err, s.explain)
}

// explain explains refusals in prose: the endpoint has JSON for tokens only.
func (s *azureML) explain(f *wire.Failure) {
	switch {
	case f.Unreachable:
		f.Advice = absentAdvice(msiEndpoint)
	case f.StatusCode == http.StatusUnauthorized, strings.Contains(strings.ToLower(f.Description), "secret"):
		f.Advice = "the endpoint does not accept the value of $MSI_SECRET; take it from the process's own environment at each start, it changes"
	case f.StatusCode >= http.StatusBadRequest && !f.JSON && f.Description != "":
		f.Advice = "the compute has no token of its own: assign a managed identity to it (a compute instance that signs its user in has none), and name that by Options.ID"
	}
	s.at.explain(f)
}
