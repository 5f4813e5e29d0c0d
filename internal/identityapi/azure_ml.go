package identityapi

import (
	"context"
	"net/http"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// AzureML is the endpoint of an Azure Machine Learning compute.
//
//	GET /MSI/auth?api-version=2017-09-01&resource=https://vault.azure.net&clientid=<client id>
//	Secret: <secret>
//
// It accepts that api-version alone, and clientid, which may be blank: clients send it so if the
// environment has no default. Other parameters are ignored, as an identity cannot be named
// otherwise. Other methods are refused with 405, a wrong secret with 401, the rest with 400.
//
// A success is [AppService]'s, and errors are OAuth's.
type AzureML struct {
	Secret secret.Text // blank: every call is refused
}

// Host returns Azure ML's path.
func (e AzureML) Host() Host { return Host{Name: "Azure ML", Path: "/MSI/auth"} }

func (e AzureML) rules() rules {
	return rules{
		method:   http.MethodGet,
		header:   "Secret",
		value:    e.Secret,
		versions: []string{"2017-09-01"},
		ids:      idNames{"clientid": ClientID},
		blankIDs: true,
	}
}

// Answer returns Azure ML's answer to a token request.
func (e AzureML) Answer(ctx context.Context, c Call, s Source) Reply {
	return answer(ctx, c, e.rules(), e, s)
}

func (e AzureML) refuse(_ Request, f Failure) Reply {
	switch f.Reason {
	case headerMissing, headerWrong:
		return OAuthError(http.StatusUnauthorized, "unauthorized_client", "The Secret header is missing or wrong")
	case versionUnknown:
		return OAuthError(http.StatusBadRequest, "invalid_request", "The api-version is missing or not supported")
	default:
		return oauthRefusal(f)
	}
}

func (e AzureML) succeed(r Request, t Token) Reply { return briefReply(r, t) }

// Status returns the bodies of 400 and 500, and nothing else.
func (e AzureML) Status(code int) Reply { return oauthStatus(code) }
