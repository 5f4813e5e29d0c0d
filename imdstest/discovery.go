package imdstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The documents of the token issuer, below the tenant.
const (
	configV1 = ".well-known/openid-configuration"
	configV2 = "v2.0/.well-known/openid-configuration"
	keysV1   = "discovery/keys"
	keysV2   = "discovery/v2.0/keys"
	// instance tells whether Microsoft vouches for an authority: MSAL asks before it sends a secret to one.
	instance = "discovery/instance"
)

// discoveryPath takes the path of a discovery document apart.
func discoveryPath(path string) (tenant, document string, ok bool) {
	tenant, document, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch document {
	case configV1, configV2, keysV1, keysV2, instance:
		return tenant, document, true
	}
	return "", "", false
}

// entra returns Entra ID, as the services see it that verify tokens.
func (s *Server) entra() host {
	return host{name: "Entra ID", answer: s.discovery, status: documentStatus}
}

// discovery answers a request for the issuer's metadata or keys. An outage of Entra is one of these too, whichever
// script has it.
func (s *Server) discovery(c call, entraDown bool) reply {
	if entraDown || s.script.lasting().entraDown {
		return documentStatus(http.StatusServiceUnavailable)
	}
	if c.method != http.MethodGet {
		r := plainReply(http.StatusMethodNotAllowed, "", "")
		r.header.Set("Allow", http.MethodGet)
		return r
	}
	tenant, document, _ := discoveryPath(c.path)
	named := s.options.TenantID // what the issuer is made of
	switch {
	case tenant == "common":
		named = "{tenantid}"
	case !strings.EqualFold(tenant, named):
		return oauthError(http.StatusNotFound, "invalid_tenant",
			fmt.Sprintf("AADSTS90002: Tenant '%s' not found. Check to make sure you have the correct tenant ID.", tenant))
	}
	root := c.base + "/" + tenant
	switch document {
	case instance:
		return instanceMetadata(c.query.Get("authorization_endpoint"))
	case configV1:
		return jsonReply(http.StatusOK, metadata(issuer(1, named), root+"/oauth2", root+"/"+keysV1))
	case configV2:
		return jsonReply(http.StatusOK, metadata(issuer(2, named), root+"/oauth2/v2.0", root+"/"+keysV2))
	case keysV2:
		return jsonReply(http.StatusOK, s.keys.document(issuer(2, named)))
	default:
		return jsonReply(http.StatusOK, s.keys.document(""))
	}
}

// documentStatus returns what is sent in place of a document with a status.
func documentStatus(code int) reply {
	if code == http.StatusTooManyRequests || code >= http.StatusInternalServerError {
		return oauthError(code, "temporarily_unavailable", transientAtEntra)
	}
	return plainReply(code, "", "")
}

// metadata returns what verifiers insist on, little as they need of it.
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

// instanceMetadata vouches for the authority that an authorization endpoint is one of, whichever it is.
func instanceMetadata(endpoint string) reply {
	u, err := url.Parse(endpoint)
	authority, ok := strings.CutSuffix(endpoint, "/oauth2/v2.0/authorize")
	if err != nil || !ok || u.Host == "" {
		return oauthError(http.StatusBadRequest, "invalid_instance",
			"AADSTS50049: Unknown or invalid instance.")
	}
	type alias struct {
		Network string   `json:"preferred_network"`
		Cache   string   `json:"preferred_cache"`
		Aliases []string `json:"aliases"`
	}
	return jsonReply(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": authority + "/" + configV2,
		"api-version":               "1.1",
		"metadata":                  []alias{{u.Host, u.Host, []string{u.Host}}},
	})
}

// publish returns the public keys as members of a JWKS, each with the issuer that it is good for, if there is one to name.
func (ks keySet) publish(issuer string) []any {
	published := make([]any, 0, len(ks))
	for _, k := range ks {
		public, err := json.Marshal(k.public())
		if err != nil {
			panic(fmt.Sprintf("imdstest: publishing a key: %v", err))
		}
		var members map[string]any
		if err := json.Unmarshal(public, &members); err != nil {
			panic(fmt.Sprintf("imdstest: publishing a key: %v", err))
		}
		if issuer != "" {
			members["issuer"] = issuer // a member of Entra's own, which no library writes
		}
		published = append(published, members)
	}
	return published
}
