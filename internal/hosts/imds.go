package hosts

import (
	"fmt"
	"net/url"
	"strings"
)

const (
	imdsAddress = "http://169.254.169.254"
	imdsPath    = "/metadata/identity/oauth2/token"
	// imdsVersion is the first version with tokens, which every IMDS there is understands.
	imdsVersion = "2018-02-01"
)

// imdsParameters are those of the endpoints that are modelled on IMDS too.
var imdsParameters = parameters{"client_id", "object_id", "msi_res_id"}

// newIMDS is the Instance Metadata Service: virtual machines, scale sets, AKS nodes and container instances.
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
func newIMDS(cfg Config) (Host, error) {
	base, from := cfg.Endpoint, "Options.Endpoint"
	if base == "" {
		base, from = cfg.Getenv(imdsOverride), "$"+imdsOverride
	}
	if base == "" {
		base = imdsAddress
	}
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Host{}, fmt.Errorf("%s is no base URL of an identity endpoint; give scheme and host, as in %s", from, imdsAddress)
	}
	query := url.Values{"api-version": {imdsVersion}}
	imdsParameters.set(query, cfg.ID)
	h, err := getter{url: u.JoinPath(imdsPath), query: query, header: "Metadata", secret: "true", explain: explainOAuth}.host(cfg, "aztoken.IMDS")
	h.Endpoint = u.String() // the path is the same everywhere
	return h, err
}
