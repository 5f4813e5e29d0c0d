package identityapi

import (
	"context"
	"net/http"

	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

// ServiceFabric is the endpoint of a node of a Service Fabric cluster. It is served over https
// only, and its clients know its certificate by the SHA-1 thumbprint.
//
//	GET /metadata/identity/oauth2/token?api-version=2019-07-01-preview
//	    &resource=https://vault.azure.net
//	Secret: <secret>
//
// It accepts that api-version and 2020-05-01. A call cannot name an identity: such parameters are
// ignored. token_sha256_to_refresh, with xms_cc=cp1, is the hash of a token that a resource
// rejected. Other methods are refused with 405, no secret with 400, a wrong one with 401, and an
// identity that is not there with 404.
//
// A success has token_type, access_token, expires_on (a number) and resource. Errors are
// {"error":{"correlationId":…,"code":…,"message":…}}, and a 429 is plain text.
type ServiceFabric struct {
	Secret secret.Text // blank: every call is refused
}

// Host returns a path that distinguishes Service Fabric from IMDS, which has the same path on other
// machines.
func (e ServiceFabric) Host() Host {
	return Host{Name: "Service Fabric", Path: "/fabric/metadata/identity/oauth2/token", HTTPS: true}
}

func (e ServiceFabric) rules() rules {
	return rules{
		method:   http.MethodGet,
		header:   "Secret",
		value:    e.Secret,
		versions: []string{"2019-07-01-preview", "2020-05-01"},
		revoked:  revocationWithCP1,
	}
}

// Answer returns Service Fabric's answer to a token request.
func (e ServiceFabric) Answer(ctx context.Context, c Call, s Source) Reply {
	return answer(ctx, c, e.rules(), e, s)
}

func (e ServiceFabric) refuse(_ Request, f Failure) Reply {
	switch f.Reason {
	case headerMissing:
		return serviceFabricError(http.StatusBadRequest, "SecretHeaderNotFound", "Secret is not found in the request headers.")
	case headerWrong:
		return serviceFabricError(http.StatusUnauthorized, "Unauthorized", "The Secret header is wrong.")
	case IdentityNotFound, IdentityAmbiguous:
		return e.Status(http.StatusNotFound)
	case Throttled:
		return e.Status(http.StatusTooManyRequests)
	default:
		return coded(serviceFabricError).refusal(f)
	}
}

func (e ServiceFabric) succeed(r Request, t Token) Reply {
	return JSON(http.StatusOK, struct {
		TokenType   string `json:"token_type"`
		AccessToken string `json:"access_token"`
		ExpiresOn   int64  `json:"expires_on"`
		Resource    string `json:"resource"`
	}{"Bearer", t.Value, t.ExpiresOn.Unix(), r.Resource})
}

// Status returns the bodies of 400, 404, 429 and 500, and nothing else.
func (e ServiceFabric) Status(code int) Reply {
	switch code {
	case http.StatusBadRequest:
		return serviceFabricError(code, "BadRequest", "The request is malformed.")
	case http.StatusNotFound:
		return serviceFabricError(code, "ManagedIdentityNotFound", "There is no managed identity for this application.")
	case http.StatusTooManyRequests:
		return Text(code, "text/plain; charset=utf-8", "Too many requests. Try again later.")
	case http.StatusInternalServerError:
		return coded(serviceFabricError).refusal(Failure{Reason: EntraDown})
	default:
		return empty(code)
	}
}

func serviceFabricError(status int, code, message string) Reply {
	type inner struct {
		CorrelationID string `json:"correlationId"`
		Code          string `json:"code"`
		Message       string `json:"message"`
	}
	return JSON(status, struct {
		Error inner `json:"error"`
	}{inner{guid.New(), code, message}})
}
