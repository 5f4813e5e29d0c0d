package issuer

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Document is a kind of what an issuer publishes.
type Document int

// The kinds of document.
const (
	NoDocument    Document = iota
	Configuration          // OpenID Connect's discovery document
	Keys                   // a JWKS
	Instance               // whether Microsoft knows an authority, which MSAL asks first
)

// The documents, below the tenant.
const (
	configV1 = ".well-known/openid-configuration"
	configV2 = "v2.0/.well-known/openid-configuration"
	keysV1   = "discovery/keys"
	keysV2   = "discovery/v2.0/keys"
	instance = "discovery/instance"
)

// DocumentAt returns which document is at a path.
func DocumentAt(path string) Document {
	_, document := split(path)
	switch document {
	case configV1, configV2:
		return Configuration
	case keysV1, keysV2:
		return Keys
	case instance:
		return Instance
	}
	return NoDocument
}

// split splits the path of a document into tenant and document.
func split(path string) (tenant, document string) {
	tenant, document, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return tenant, document
}

// Host returns Entra ID as seen by services that verify tokens.
func (i *Issuer) Host() identityapi.Host { return identityapi.Host{Name: "Entra ID"} }

// Document answers a request for a document.
func (i *Issuer) Document(c identityapi.Call) identityapi.Reply {
	if c.Method != http.MethodGet {
		return identityapi.NotAllowed(http.MethodGet)
	}
	tenant, document := split(c.Path)
	named, known := i.Tenant(tenant) // what the issuer is made of
	switch {
	case tenant == "common":
		named = "{tenantid}"
	case !known:
		return identityapi.OAuthError(http.StatusNotFound, "invalid_tenant",
			fmt.Sprintf("AADSTS90002: Tenant '%s' not found. Check to make sure you have the correct tenant ID.", tenant))
	}
	root := c.Base + "/" + tenant
	switch document {
	case instance:
		return instanceMetadata(c.Query.Get("authorization_endpoint"))
	case configV1:
		return identityapi.JSON(http.StatusOK, metadata(issuer(1, named), root+"/oauth2", root+"/"+keysV1))
	case configV2:
		return identityapi.JSON(http.StatusOK, metadata(issuer(2, named), root+"/oauth2/v2.0", root+"/"+keysV2))
	case keysV2:
		return identityapi.JSON(http.StatusOK, i.keys.document(issuer(2, named)))
	default:
		return identityapi.JSON(http.StatusOK, i.keys.document(""))
	}
}

// Status returns what is sent in place of a document with a status: a body with 429 and from 500
// on.
func (i *Issuer) Status(code int) identityapi.Reply {
	if code == http.StatusTooManyRequests || code >= http.StatusInternalServerError {
		return identityapi.OAuthError(code, "temporarily_unavailable",
			"AADSTS90033: A transient error has occurred. Please try again.")
	}
	return identityapi.Text(code, "", "")
}

// metadata returns the members that verifiers insist on, although they need few of them.
func metadata(issuer, endpoints, keys string) any {
	return map[string]any{
		"issuer":                                issuer,
		"jwks_uri":                              keys,
		"authorization_endpoint":                endpoints + "/authorize",
		"token_endpoint":                        endpoints + "/token",
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"scopes_supported":                      []string{"openid"},
		"cloud_instance_name":                   "microsoftonline.com",
	}
}

// instanceMetadata vouches for the authority of any authorization endpoint.
func instanceMetadata(endpoint string) identityapi.Reply {
	u, err := url.Parse(endpoint)
	authority, ok := strings.CutSuffix(endpoint, "/oauth2/v2.0/authorize")
	if err != nil || !ok || u.Host == "" {
		return identityapi.OAuthError(http.StatusBadRequest, "invalid_instance",
			"AADSTS50049: Unknown or invalid instance.")
	}
	type alias struct {
		Network string   `json:"preferred_network"`
		Cache   string   `json:"preferred_cache"`
		Aliases []string `json:"aliases"`
	}
	return identityapi.JSON(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": authority + "/" + configV2,
		"api-version":               "1.1",
		"metadata":                  []alias{{u.Host, u.Host, []string{u.Host}}},
	})
}
