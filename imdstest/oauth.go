package imdstest

import (
	"fmt"
	"net/http"
)

// oauthError returns an error in the form of OAuth.
func oauthError(status int, code, description string) reply {
	return jsonReply(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
}

// oauthRefusal returns a problem in the form of OAuth, in the words that the hosts that use it share.
func (s *Server) oauthRefusal(p problem) reply {
	switch p.kind {
	case resourceMissing:
		return oauthError(http.StatusBadRequest, "invalid_request", "Required query variable 'resource' is missing")
	case resourceUnknown:
		return oauthError(http.StatusBadRequest, "invalid_resource", s.applicationNotFound(p.text))
	case entraAway:
		return oauthStatus(http.StatusInternalServerError)
	default:
		return oauthError(http.StatusBadRequest, "invalid_request", p.text)
	}
}

// applicationNotFound is what Entra tells the platform of a resource that it does not know.
func (s *Server) applicationNotFound(resource string) string {
	return fmt.Sprintf("AADSTS50001: The application named %s wasn't found in the tenant named %s. "+
		"This can happen if the application has not been installed by the administrator of the tenant "+
		"or consented to by any user in the tenant. "+
		"You might have sent your authentication request to the wrong tenant.",
		resource, s.options.TenantID)
}

// oauthStatus returns what the hosts with OAuth's errors send with a status.
func oauthStatus(code int) reply {
	switch code {
	case http.StatusBadRequest:
		return oauthError(code, "invalid_request", identityNotFound)
	case http.StatusInternalServerError:
		return oauthError(code, "unknown",
			"Failed to retrieve token from the Active directory. For details see logs in /var/log/azure/imds/identity.log")
	default:
		return plainReply(code, "", "")
	}
}
