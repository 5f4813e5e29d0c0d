package hosts

import (
	"cmp"
	"net/url"
)

// azureMLVersion is the one version that Azure ML's endpoint knows, that of App Service of old.
const azureMLVersion = "2017-09-01"

// newAzureML is a compute of Azure Machine Learning.
//
// https://learn.microsoft.com/azure/machine-learning/how-to-identity-based-service-authentication
func newAzureML(cfg Config) (Host, error) {
	if cfg.ID.Kind != Default && cfg.ID.Kind != ClientID {
		return Host{}, errClientOnly
	}
	u, err := endpoint(cfg.Getenv, msiEndpoint, "http", "https")
	if err != nil {
		return Host{}, err
	}
	header, err := secret(cfg.Getenv, msiSecret)
	if err != nil {
		return Host{}, err
	}
	query := url.Values{"api-version": {azureMLVersion}}
	if id := cmp.Or(cfg.ID.Value, cfg.Getenv(defaultClientID)); id != "" {
		query.Set("clientid", id)
	}
	return getter{
		url: u, query: query, header: "Secret", secret: header,
		explain: explainOAuth, absent: absentAt(msiEndpoint),
	}.host(cfg, "aztoken.AzureML")
}
