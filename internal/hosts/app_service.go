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

func newAppService(cfg Config) (Host, error) {
	u, err := endpointURL(cfg.Getenv, identityEndpoint, "http", "https")
	if err != nil {
		return Host{}, err
	}
	header, err := headerSecret(cfg.Getenv, identityHeader)
	if err != nil {
		return Host{}, err
	}
	w, err := cfg.client(wire.Reach{})
	if err != nil {
		return Host{}, err
	}
	query := url.Values{"api-version": {appServiceVersion}}
	parameters{"client_id", "object_id", "mi_res_id"}.set(query, cfg.ID)
	return Host{
		Endpoint: displayURL(u),
		Source: &appService{
			getter: getter{wire: w, url: secret.New(u), query: query, header: "X-IDENTITY-HEADER", proof: header},
			at:     newSurroundings(cfg, true),
		},
	}, nil
}

// Token implements [Source].
func (s *appService) Token(ctx context.Context, r Request) (token azcore.AccessToken, err error) {
	ctx, end := s.wire.StartSpan(ctx, "aztoken.AppService")
	defer func() { end(err) }()
	token, err = s.get(ctx, r.Resource, nil)
	return finish(r, token, err, s.explain)
}

// explain explains {"statusCode":400,"message":"…"}: there is no code to branch on.
func (s *appService) explain(f *wire.Failure) {
	switch {
	case f.Unreachable:
		f.Advice = absentAdvice(identityEndpoint)
	case f.StatusCode == http.StatusUnauthorized:
		f.Advice = "the endpoint does not accept the value of $IDENTITY_HEADER; take it from the process's own environment at each start, it changes"
	case f.StatusCode == http.StatusBadRequest && strings.Contains(f.Description, "Unable to load the proper Managed Identity"):
		// It says so too where there are user-assigned identities, even a single one, and the
		// request names none.
		f.Advice = "turn on the system-assigned identity of the app, or set Options.ID to a user-assigned one"
	case f.StatusCode == http.StatusInternalServerError && f.JSON:
		// The platform keeps Entra's words to itself, so what lasts looks like what passes.
		f.Advice = "the platform got no token from Entra ID. If calling again does not help it is no outage: see that the identity was not deleted and made anew, that the resource exists in its tenant, that it has a role where the resource requires assignment (AADSTS501051), that no policy blocks it, and that no firewall keeps the platform from Entra ID; the sign-in logs of managed identities and support find it by the request id"
	}
	s.at.explain(f)
}
