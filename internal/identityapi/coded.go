package identityapi

import (
	"cmp"
	"net/http"
)

// coded returns an error in the form of a host whose errors are objects with a code.
type coded func(status int, code, message string) Reply

// refusal returns a failure in that form, in the words that the hosts which have it share.
func (form coded) refusal(f Failure) Reply {
	switch f.Reason {
	case versionUnknown:
		return form(http.StatusBadRequest, "InvalidApiVersion", "The api-version is missing or not supported.")
	case resourceMissing:
		return form(http.StatusBadRequest, "ArgumentNullOrEmpty", "The parameter resource is missing.")
	case ResourceNotFound:
		return form(http.StatusBadRequest, "invalid_resource", f.Text)
	case Refused:
		return form(cmp.Or(f.Status, http.StatusBadRequest), cmp.Or(f.Code, "invalid_grant"), f.words())
	case EntraDown:
		return form(http.StatusInternalServerError, "InternalServerError", "The token could not be retrieved.")
	case Unavailable:
		return form(http.StatusServiceUnavailable, "ServiceUnavailable", cmp.Or(f.Text, "Try again later."))
	case Throttled:
		return form(http.StatusTooManyRequests, "TooManyRequests", cmp.Or(f.Text, "Try again later."))
	default:
		return form(http.StatusBadRequest, "BadRequest", f.Text)
	}
}
