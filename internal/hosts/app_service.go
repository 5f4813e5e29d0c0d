package hosts

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// appServiceVersion is the first version with IDENTITY_ENDPOINT; Functions and Container Apps have it too.
const appServiceVersion = "2019-08-01"

// newAppService is App Service, Functions and Container Apps.
//
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
func newAppService(cfg Config) (Host, error) {
	u, err := endpoint(cfg.Getenv, identityEndpoint, "http", "https")
	if err != nil {
		return Host{}, err
	}
	header, err := secret(cfg.Getenv, identityHeader)
	if err != nil {
		return Host{}, err
	}
	query := url.Values{"api-version": {appServiceVersion}}
	parameters{"client_id", "object_id", "mi_res_id"}.set(query, cfg.ID)
	return getter{
		url: u, query: query, header: "X-IDENTITY-HEADER", secret: header,
		explain: explainAppService, absent: absentAt(identityEndpoint),
	}.host(cfg, "aztoken.AppService")
}

// explainAppService explains {"statusCode":400,"message":"…"}: there is no code to branch on.
func explainAppService(f *wire.Failure) {
	explainLocal(f)
	switch {
	case f.StatusCode == http.StatusUnauthorized:
		f.Advice = "the endpoint does not accept the value of $IDENTITY_HEADER; take it from the process's own environment at each start, it changes"
	case f.StatusCode != http.StatusBadRequest:
	case strings.Contains(f.Description, "Unable to load the proper Managed Identity"):
		// It says so too where there are user-assigned identities, even a single one, and the request names none.
		f.Reason = wire.IdentityNotFound
		f.Advice = "turn on the system-assigned identity of the app, or set Options.ID to a user-assigned one"
	case strings.Contains(f.Description, "Managed Identity found for specified"), strings.Contains(f.Description, "No MSI found"):
		f.Reason = wire.IdentityNotFound
	}
}
