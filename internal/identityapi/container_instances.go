package identityapi

import (
	"context"
	"net/http"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// ContainerInstances is the endpoint of a container group on Windows. On Linux container instances
// have [IMDS].
//
//	GET /metadata/identity/oauth2/token?api-version=1.0
//	    &resource=https://vault.azure.net&principalId=<object id>
//	Secret: <secret>
//
// It accepts that api-version alone, and principalId; other names of an id are ignored. Without one
// the token is that of the system-assigned identity.
//
// One of its refusals is known: SDKs that take it for App Service, and send neither the secret nor
// principalId, get 404 with the code DefaultIdentityNotDefined. Here an identity that does not
// exist gets the same. The real endpoint's other refusals, and what a success has besides
// access_token, are not documented: 405 for other methods, 401 for a wrong secret and the codes of
// the other errors are those of [ServiceFabric], and a success is [AppService]'s.
type ContainerInstances struct {
	Secret secret.Text // blank: every call is refused
}

// Host returns a path that distinguishes container instances from IMDS, which has the same path on
// other machines.
func (e ContainerInstances) Host() Host {
	return Host{Name: "Container Instances on Windows", Path: "/container/metadata/identity/oauth2/token", Server: "Kestrel"}
}

func (e ContainerInstances) rules() rules {
	return rules{
		method:   http.MethodGet,
		header:   "Secret",
		value:    e.Secret,
		versions: []string{ContainerInstancesVersion},
		ids:      idNames{"principalId": ObjectID},
	}
}

// ContainerInstancesVersion is the version of the API, which the endpoint's address has in its
// query.
const ContainerInstancesVersion = "1.0"

// Answer returns the answer to a token request.
func (e ContainerInstances) Answer(ctx context.Context, c Call, s Source) Reply {
	return answer(ctx, c, e.rules(), e, s)
}

func (e ContainerInstances) refuse(_ Request, f Failure) Reply {
	switch f.Reason {
	case headerMissing, IdentityNotFound, IdentityAmbiguous:
		return e.Status(http.StatusNotFound)
	case headerWrong:
		return detailedError(http.StatusUnauthorized, "Unauthorized", "The Secret header is wrong.")
	default:
		return coded(detailedError).refusal(f)
	}
}

func (e ContainerInstances) succeed(r Request, t Token) Reply { return briefReply(r, t) }

// Status returns the bodies of 400, 404 and 500, and nothing else.
func (e ContainerInstances) Status(code int) Reply {
	switch code {
	case http.StatusBadRequest:
		return detailedError(code, "BadRequest", "The request is malformed.")
	case http.StatusNotFound:
		return detailedError(code, "DefaultIdentityNotDefined", "DefaultIdentityNotDefined")
	case http.StatusInternalServerError:
		return coded(detailedError).refusal(Failure{Reason: EntraDown})
	default:
		return empty(code)
	}
}

// detailedError returns an error in the form of container instances.
func detailedError(status int, code, message string) Reply {
	type inner struct {
		Code    string   `json:"code"`
		Message string   `json:"message"`
		Details []string `json:"details"`
	}
	return JSON(status, struct {
		Error inner `json:"error"`
	}{inner{code, message, []string{}}})
}
