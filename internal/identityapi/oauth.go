package identityapi

import (
	"cmp"
	"net/http"
)

// The platform's texts for a request whose identity does not exist.
const (
	identityNotFound  = "Identity not found"
	identityAmbiguous = "Multiple user assigned identities exist, " +
		"please specify the clientId / resourceId of the identity in the token request"
)

// OAuthError returns an error in the form of OAuth (RFC 6749, section 5.2), which IMDS, Azure Arc
// and Azure ML have.
func OAuthError(status int, code, description string) Reply {
	return JSON(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{code, description})
}

// oauthRefusal returns a failure in the form of OAuth, with the texts that the hosts which use it
// share.
func oauthRefusal(f Failure) Reply {
	switch f.Reason {
	case resourceMissing:
		return OAuthError(http.StatusBadRequest, "invalid_request", "Required query variable 'resource' is missing")
	case IdentityNotFound:
		return OAuthError(http.StatusBadRequest, "invalid_request", cmp.Or(f.Text, identityNotFound))
	case IdentityAmbiguous:
		return OAuthError(http.StatusBadRequest, "invalid_request", cmp.Or(f.Text, identityAmbiguous))
	case ResourceNotFound:
		return OAuthError(http.StatusBadRequest, "invalid_resource", f.Text)
	case Refused:
		return OAuthError(cmp.Or(f.Status, http.StatusBadRequest), cmp.Or(f.Code, "invalid_grant"), f.words())
	case EntraDown:
		return oauthStatus(http.StatusInternalServerError)
	case Unavailable:
		return OAuthError(http.StatusServiceUnavailable, "temporarily_unavailable", cmp.Or(f.Text, "Try again later"))
	case Throttled:
		return OAuthError(http.StatusTooManyRequests, "temporarily_unavailable", cmp.Or(f.Text, "Too many requests"))
	default:
		return OAuthError(http.StatusBadRequest, "invalid_request", f.Text)
	}
}

// oauthStatus returns what the hosts with OAuth's errors send with a status.
func oauthStatus(code int) Reply {
	switch code {
	case http.StatusBadRequest:
		return OAuthError(code, "invalid_request", identityNotFound)
	case http.StatusInternalServerError:
		return OAuthError(code, "unknown",
			"Failed to retrieve token from the Active directory. For details see logs in /var/log/azure/imds/identity.log")
	default:
		return empty(code)
	}
}
