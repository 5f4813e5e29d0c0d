package hosts

import (
	"context"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// azureMLVersion is the only version that Azure ML's endpoint supports, that of early App Service.
const azureMLVersion = "2017-09-01"

// azureML is a compute of Azure Machine Learning.
//
// https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication
type azureML struct {
	getter
	at surroundings
}

func newAzureML(cfg *Config) (endpoint string, source Source, err error) {
	if cfg.ID.Kind != Default && cfg.ID.Kind != ClientID {
		return "", nil, clientIDOnly("")
	}
	vars := named{endpoint: msiEndpoint, secret: msiSecret, header: "Secret"}
	g, err := vars.getter(cfg, azureMLVersion, wire.Reach{}, "http", "https")
	if err != nil {
		return "", nil, err
	}
	id := cfg.ID
	if own := cfg.Getenv(defaultClientID); id.Kind == Default && own != "" {
		id = ID{ClientID, own}
		if err := id.checkForm("$" + defaultClientID); err != nil {
			return "", nil, err
		}
	}
	parameters{ClientID: "clientid"}.set(g.query, id)
	return g.address(), &azureML{getter: g, at: newSurroundings(cfg, true, defaultClientID)}, nil
}

// Token implements [Source].
func (s *azureML) Token(ctx context.Context, r Request) (azcore.AccessToken, error) {
	return s.token(ctx, "aztoken.AzureML", r, nil, s.explain)
}

// explain explains refusals in prose: only the endpoint's tokens are JSON.
func (s *azureML) explain(f *wire.Failure) {
	switch {
	case f.Unreachable:
		f.Advice = absentAdvice(msiEndpoint)
	case f.StatusCode == http.StatusUnauthorized, strings.Contains(strings.ToLower(f.Description), "secret"):
		f.Advice = staleSecret(msiSecret)
	case f.StatusCode >= http.StatusBadRequest && !f.JSON && f.Description != "":
		f.Advice = "the compute has no identity of its own: assign a managed identity to it (a compute instance that signs its user in has none), and name it by its client id"
	}
	s.at.explain(f)
}
