package imdstest

import (
	"net/http"
	"strings"
)

const cloudShellPath = "/oauth2/token"

// CloudShell returns the environment in which a client takes this server for Cloud Shell. A request cannot name an
// identity there: it gets the system-assigned one, or else the first.
func (s *Server) CloudShell() Environment {
	return Environment{msiEndpoint: s.URL + cloudShellPath}
}

func (s *Server) cloudShell() host {
	e := endpoint{
		method: http.MethodPost,
		header: "Metadata",
		value:  "true",
		choose: s.ownIdentity,
		refuse: s.cloudShellRefusal,
		succeed: func(g grant) reply {
			return stringReply(g, func(t *stringToken) { t.RefreshToken = new(string) })
		},
	}
	return host{name: "Cloud Shell", path: cloudShellPath, answer: s.answerAt(e), status: cloudShellStatus}
}

func (s *Server) cloudShellRefusal(p problem) reply {
	switch p.kind {
	case headerMissing, headerWrong:
		return codedError(http.StatusBadRequest, "bad_request_102", "Required metadata header not specified")
	case resourceMissing:
		return codedError(http.StatusBadRequest, "AudienceNotSpecified", "The parameter resource is missing.")
	case resourceUnknown:
		return codedError(http.StatusBadRequest, "AudienceNotSupported", "Audience "+p.text+
			" is not a supported MSI token audience. Supported audiences: "+strings.Join(s.options.Resources, ","))
	case entraAway:
		return codedError(http.StatusInternalServerError, "InternalServerError", "The token could not be retrieved.")
	default:
		return codedError(http.StatusBadRequest, "BadRequest", p.text)
	}
}

func cloudShellStatus(code int) reply {
	if code == http.StatusBadRequest {
		return codedError(code, "BadRequest", identityNotFound)
	}
	return plainReply(code, "", "")
}

// codedError returns an error in the form of Cloud Shell.
func codedError(status int, code, message string) reply {
	type inner struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	return jsonReply(status, struct {
		Error inner `json:"error"`
	}{inner{code, message}})
}
