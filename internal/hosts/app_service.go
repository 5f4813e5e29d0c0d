package hosts

import (
	"context"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// appServiceVersion is the first version with IDENTITY_ENDPOINT; Functions and Container Apps have
// it too.
const appServiceVersion = "2019-08-01"

// appService is App Service, Functions and Container Apps.
//
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
type appService struct {
	getter
	at surroundings
}

func newAppService(cfg *Config) (endpoint string, source Source, err error) {
	vars := named{endpoint: identityEndpoint, secret: identityHeader, header: "X-IDENTITY-HEADER"}
	g, err := vars.getter(cfg, appServiceVersion, wire.Reach{}, "http", "https")
	if err != nil {
		return "", nil, err
	}
	parameters{ClientID: "client_id", ObjectID: "object_id", ResourceID: "mi_res_id"}.set(g.query, cfg.ID)
	return g.address(), &appService{getter: g, at: newSurroundings(cfg, true)}, nil
}

// Token implements [Source].
func (s *appService) Token(ctx context.Context, r Request) (azcore.AccessToken, error) {
	return s.token(ctx, "aztoken.AppService", r, nil, s.explain)
}

// explain explains {"statusCode":400,"message":"…"}, which has no code to branch on.
func (s *appService) explain(f *wire.Failure) {
	switch {
	case f.Unreachable:
		f.Advice = absentAdvice(identityEndpoint)
	case f.StatusCode == http.StatusUnauthorized:
		f.Advice = staleSecret(identityHeader)
	case f.StatusCode == http.StatusBadRequest && strings.Contains(f.Description, "Unable to load the proper Managed Identity"):
		// This is also the answer if there are user-assigned identities, even a single one, and the
		// request names none.
		f.Advice = "turn on the system-assigned identity of the app, or name a user-assigned one by its id"
	case f.StatusCode == http.StatusInternalServerError && f.JSON:
		// The platform does not pass on Entra's error, so a permanent failure looks like a
		// temporary one.
		f.Advice = "the platform got no token from Entra ID. If this lasts, it is not an outage: check that the identity was not deleted and recreated, " +
			"that the resource exists in its tenant, that the identity has a role if the resource requires assignment (AADSTS501051), " +
			"that no policy blocks it, and that no firewall keeps the platform from Entra ID. " +
			"The sign-in logs of managed identities and Azure support find the request by its id"
	}
	s.at.explain(f)
}
