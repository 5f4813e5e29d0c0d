package identityapi

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// CloudShell is the endpoint of Azure Cloud Shell.
//
//	POST /oauth2/token
//	Metadata: true
//	Content-Type: application/x-www-form-urlencoded
//
//	resource=https://vault.azure.net
//
// There is no api-version, and a call cannot name an identity: such parameters are ignored, and so
// is the query. Other methods are refused with 405, the rest with 400.
//
// A success is that of [IMDS] with a blank refresh_token. Errors are
// {"error":{"code":…,"message":…}}.
type CloudShell struct{}

// Host returns Cloud Shell's path.
func (e CloudShell) Host() Host { return Host{Name: "Cloud Shell", Path: "/oauth2/token"} }

func (e CloudShell) rules() rules {
	return rules{method: http.MethodPost, header: "Metadata", value: secret.New("true")}
}

// Answer returns Cloud Shell's answer to a token request.
func (e CloudShell) Answer(ctx context.Context, c Call, s Source) Reply {
	return answer(ctx, c, e.rules(), e, s)
}

func (e CloudShell) refuse(r Request, f Failure) Reply {
	switch f.Reason {
	case headerMissing, headerWrong:
		return cloudShellError(http.StatusBadRequest, "bad_request_102", "Required metadata header not specified")
	case resourceMissing:
		return cloudShellError(http.StatusBadRequest, "AudienceNotSpecified", "The parameter resource is missing.")
	case IdentityNotFound, IdentityAmbiguous:
		return cloudShellError(http.StatusBadRequest, "BadRequest", cmp.Or(f.Text, identityNotFound))
	case ResourceNotFound:
		return cloudShellError(http.StatusBadRequest, "AudienceNotSupported", "Audience "+r.Resource+
			" is not a supported MSI token audience. Supported audiences: "+strings.Join(f.Supported, ","))
	default:
		return coded(cloudShellError).refusal(f)
	}
}

func (e CloudShell) succeed(r Request, t Token) Reply {
	s := newStringToken(r, t)
	s.isCloudShell = true
	return s.reply()
}

// Status returns the body of 400, and nothing else.
func (e CloudShell) Status(code int) Reply {
	if code == http.StatusBadRequest {
		return cloudShellError(code, "BadRequest", identityNotFound)
	}
	return empty(code)
}

// cloudShellError returns an error in the form of Cloud Shell.
func cloudShellError(status int, code, message string) Reply {
	type inner struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	return JSON(status, struct {
		Error inner `json:"error"`
	}{inner{code, message}})
}
