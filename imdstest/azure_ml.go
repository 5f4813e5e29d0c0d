package imdstest

import "net/http"

const azureMLPath = "/MSI/auth"

// AzureML returns the environment in which a client takes this server for an Azure Machine Learning compute.
func (s *Server) AzureML() Environment {
	return Environment{
		msiEndpoint:     s.URL + azureMLPath,
		msiSecret:       s.secrets.azureML,
		defaultClientID: s.defaultIdentity().ClientID,
	}
}

func (s *Server) azureML() host {
	e := endpoint{
		method:   http.MethodGet,
		header:   "Secret",
		value:    s.secrets.azureML,
		versions: []string{"2017-09-01"},
		ids:      idNames{"clientid": byClientID},
		choose: func(named selector) (*Identity, string) {
			if named.clientID == "" { // clients send a blank one where the environment has no default
				return s.ownIdentity(named)
			}
			return s.identity(named)
		},
		refuse: func(p problem) reply {
			switch p.kind {
			case headerMissing, headerWrong:
				return oauthError(http.StatusUnauthorized, "unauthorized_client", "The Secret header is missing or wrong")
			case versionUnknown:
				return oauthError(http.StatusBadRequest, "invalid_request", "The api-version is missing or not supported")
			default:
				return s.oauthRefusal(p)
			}
		},
		succeed: briefReply,
	}
	return host{name: "Azure ML", path: azureMLPath, answer: s.answerAt(e), status: oauthStatus}
}
