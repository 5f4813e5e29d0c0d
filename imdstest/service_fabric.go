package imdstest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const serviceFabricPath = "/fabric/metadata/identity/oauth2/token"

// ServiceFabric returns the environment in which a client takes this server for a node of a Service Fabric cluster. The
// endpoint is there over https only; its clients know the certificate by its thumbprint. A request cannot name an
// identity: it gets the system-assigned one, or else the first. One that tells the SHA-256 of the token that the
// platform keeps gets a new token.
func (s *Server) ServiceFabric() Environment {
	return Environment{
		identityEndpoint:   s.secureURL() + serviceFabricPath,
		identityHeader:     s.secrets.serviceFabric,
		identityThumbprint: s.certificate().thumbprint(),
		identityVersion:    "2019-07-01-preview",
	}
}

func (s *Server) serviceFabric() host {
	e := endpoint{
		method:   http.MethodGet,
		header:   "Secret",
		value:    s.secrets.serviceFabric,
		versions: []string{"2019-07-01-preview", "2020-05-01"},
		choose:   s.ownIdentity,
		revoked:  revokedToken,
		refuse:   s.serviceFabricRefusal,
		succeed: func(g grant) reply {
			return jsonReply(http.StatusOK, struct {
				TokenType   string `json:"token_type"`
				AccessToken string `json:"access_token"`
				ExpiresOn   int64  `json:"expires_on"`
				Resource    string `json:"resource"`
			}{"Bearer", g.value, g.expires, g.resource})
		},
	}
	return host{
		name: "Service Fabric", path: serviceFabricPath, https: true, answer: s.answerAt(e), status: serviceFabricStatus,
	}
}

// revokedToken returns the hash of the token that a client with continuous access evaluation was refused with.
func revokedToken(parameters url.Values) string {
	if !slices.Contains(strings.Split(parameters.Get("xms_cc"), ","), "cp1") {
		return ""
	}
	return parameters.Get("token_sha256_to_refresh")
}

func (s *Server) serviceFabricRefusal(p problem) reply {
	switch p.kind {
	case headerMissing:
		return serviceFabricError(http.StatusBadRequest, "SecretHeaderNotFound", "Secret is not found in the request headers.")
	case headerWrong:
		return serviceFabricError(http.StatusUnauthorized, "Unauthorized", "The Secret header is wrong.")
	case versionUnknown:
		return serviceFabricError(http.StatusBadRequest, "InvalidApiVersion", "The api-version is missing or not supported.")
	case resourceMissing:
		return serviceFabricError(http.StatusBadRequest, "ArgumentNullOrEmpty", "The parameter resource is missing.")
	case identityMissing:
		return serviceFabricStatus(http.StatusNotFound)
	case resourceUnknown:
		return serviceFabricError(http.StatusBadRequest, "invalid_resource", s.applicationNotFound(p.text))
	case entraAway:
		return serviceFabricStatus(http.StatusInternalServerError)
	default:
		return serviceFabricStatus(http.StatusBadRequest)
	}
}

func serviceFabricStatus(code int) reply {
	switch code {
	case http.StatusBadRequest:
		return serviceFabricError(code, "BadRequest", "The request is malformed.")
	case http.StatusNotFound:
		return serviceFabricError(code, "ManagedIdentityNotFound", "There is no managed identity for this application.")
	case http.StatusTooManyRequests:
		return plainReply(code, "text/plain; charset=utf-8", "Too many requests. Try again later.")
	case http.StatusInternalServerError:
		return serviceFabricError(code, "InternalServerError", "The token could not be retrieved.")
	default:
		return plainReply(code, "", "")
	}
}

func serviceFabricError(status int, code, message string) reply {
	type inner struct {
		CorrelationID string `json:"correlationId"`
		Code          string `json:"code"`
		Message       string `json:"message"`
	}
	return jsonReply(status, struct {
		Error inner `json:"error"`
	}{inner{guid(), code, message}})
}
