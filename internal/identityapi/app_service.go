package identityapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

// AppService is the endpoint of App Service, Functions and Container Apps. It has two versions:
//
//	GET /msi/token?api-version=2019-08-01&resource=https://vault.azure.net
//	X-IDENTITY-HEADER: <secret>
//
//	GET /msi/token?api-version=2017-09-01&resource=https://vault.azure.net
//	Secret: <secret>
//
// The newer one, also as 2025-03-30, takes one of client_id, object_id, principal_id and mi_res_id;
// the older one clientid, which may be blank. Other methods are refused with 405, a wrong secret
// with 401, and wrong parameters with 400. A header X-Forwarded-For is ignored.
//
// A success has access_token, expires_on, resource, token_type and client_id; [Tolerant] adds the
// others of [IMDS], because some clients read only expires_in. Numbers are strings of digits in
// both versions. Errors are {"statusCode":…,"message":…,"correlationId":…}, with the id in a header
// too.
type AppService struct {
	Secret    secret.Text // blank: every call is refused
	Tolerance Tolerance
}

const appServiceV1 = "2017-09-01"

var (
	appServiceVersions = []string{appServiceV1, "2019-08-01", "2025-03-30"}

	appServiceIDs   = idNames{"client_id": ClientID, "object_id": ObjectID, "principal_id": ObjectID, "mi_res_id": ResourceID}
	appServiceV1IDs = idNames{"clientid": ClientID}
)

// The texts of App Service for a request that names no identity, for one that names an identity
// that is not there, and for a failure behind it.
const (
	noDefaultIdentity   = "Unable to load the proper Managed Identity."
	noSuchAssignment    = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
	appServiceEntraAway = "An unexpected error occured while fetching the AAD Token." // sic
)

// Host returns App Service's path.
func (e AppService) Host() Host {
	return Host{Name: "App Service", Path: "/msi/token", Server: "Kestrel", tolerance: e.Tolerance}
}

// rules returns those of the version that the call names.
func (e AppService) rules(c Call) rules {
	u := rules{
		method:   http.MethodGet,
		header:   "X-IDENTITY-HEADER",
		value:    e.Secret,
		versions: appServiceVersions,
		ids:      appServiceIDs,
	}
	if slices.Contains(c.Query["api-version"], appServiceV1) {
		u.header, u.ids = "Secret", appServiceV1IDs
		u.blankIDs = true // clients send one if their environment has no default
	}
	if e.Tolerance == Tolerant {
		u.ids, u.revoked = allIDNames, revocationAlways
	}
	return u
}

// Authorized reports, in constant time, whether the call shows the secret of e. A server of several
// identities, each with its own secret, uses it to find out whose call it is.
func (e AppService) Authorized(c Call) bool {
	u := e.rules(c)
	values := c.Header[http.CanonicalHeaderKey(u.header)]
	return len(values) == 1 && same(values[0], u.value.Reveal())
}

// Answer returns App Service's answer to a token request.
func (e AppService) Answer(ctx context.Context, c Call, s Source) Reply {
	return answer(ctx, c, e.rules(c), e, s)
}

func (e AppService) refuse(r Request, f Failure) Reply {
	switch f.Reason {
	case headerMissing, headerWrong:
		return appServiceError(http.StatusUnauthorized, "The "+f.Text+" header is missing or wrong.")
	case versionUnknown:
		return appServiceError(http.StatusBadRequest, "The api-version is missing or not supported.")
	case resourceMissing:
		return appServiceError(http.StatusBadRequest, "The resource is missing.")
	case IdentityNotFound, IdentityAmbiguous:
		if r.ID == (ID{}) {
			return appServiceError(http.StatusBadRequest, cmp.Or(f.Text, noDefaultIdentity))
		}
		return appServiceError(http.StatusBadRequest, cmp.Or(f.Text, noSuchAssignment))
	case Refused:
		if f.Status != 0 {
			return appServiceError(f.Status, f.words())
		}
		return e.Status(http.StatusInternalServerError) // it does not pass on what Entra said
	case EntraDown:
		return e.Status(http.StatusInternalServerError)
	case Unavailable:
		return appServiceError(http.StatusServiceUnavailable, cmp.Or(f.Text, "The service is unavailable. Try again later."))
	case Throttled:
		return appServiceError(http.StatusTooManyRequests, cmp.Or(f.Text, "Too many requests. Try again later."))
	default:
		return appServiceError(http.StatusBadRequest, f.Text)
	}
}

func (e AppService) succeed(r Request, t Token) Reply {
	if e.Tolerance == Tolerant {
		return t.reply(r)
	}
	return briefReply(r, t)
}

// Status returns the bodies of 400 and 500, and nothing else.
func (e AppService) Status(code int) Reply {
	switch code {
	case http.StatusBadRequest:
		return appServiceError(code, noSuchAssignment)
	case http.StatusInternalServerError:
		return appServiceError(code, appServiceEntraAway)
	default:
		return empty(code)
	}
}

func appServiceError(status int, message string) Reply {
	id := guid.New()
	reply := JSON(status, struct {
		StatusCode    int    `json:"statusCode"`
		Message       string `json:"message"`
		CorrelationID string `json:"correlationId"`
	}{status, message, id})
	reply.Header.Set("X-Correlation-Id", id)
	return reply
}

// briefReply is the success of App Service and Azure ML: of the times, only the end.
func briefReply(r Request, t Token) Reply {
	return JSON(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		ExpiresOn   string `json:"expires_on"`
		Resource    string `json:"resource"`
		TokenType   string `json:"token_type"`
		ClientID    string `json:"client_id"`
	}{t.Value, decimal(t.ExpiresOn.Unix()), r.Resource, "Bearer", t.ClientID})
}
