package imdstest

import "net/http"

const appServicePath = "/msi/token"

// The words of App Service for a request that names no identity, and for one that names another's.
const (
	noDefaultIdentity   = "Unable to load the proper Managed Identity."
	noSuchAssignment    = "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
	appServiceEntraAway = "An unexpected error occured while fetching the AAD Token." // sic
)

// AppService returns the environment in which a client takes this server for App Service, Functions or Container Apps.
// Without a system-assigned identity a request must name one there, even if there is only one.
func (s *Server) AppService() Environment {
	return Environment{
		identityEndpoint: s.URL + appServicePath,
		identityHeader:   s.secrets.appService,
		msiEndpoint:      s.URL + appServicePath,
		msiSecret:        s.secrets.appService,
	}
}

func (s *Server) appService() host {
	e := endpoint{
		method:   http.MethodGet,
		header:   "X-Identity-Header",
		value:    s.secrets.appService,
		versions: []string{"2019-08-01", "2025-03-30"},
		ids: idNames{
			"client_id": byClientID, "object_id": byObjectID, "principal_id": byObjectID, "mi_res_id": byResourceID,
		},
		choose:  s.assigned,
		refuse:  s.appServiceRefusal,
		succeed: briefReply,
	}
	return host{
		name: "App Service", path: appServicePath, server: "Kestrel", answer: s.answerAt(e), status: appServiceStatus,
	}
}

// assigned returns the identity as App Service chooses it: only a system-assigned one is there without being named.
func (s *Server) assigned(named selector) (id *Identity, why string) {
	if named != (selector{}) {
		id, _ = s.identity(named)
		return id, noSuchAssignment
	}
	if id, _ = s.unnamedIdentity(); id != nil && id.SystemAssigned {
		return id, ""
	}
	return nil, noDefaultIdentity
}

func (s *Server) appServiceRefusal(p problem) reply {
	switch p.kind {
	case headerMissing, headerWrong:
		return appServiceError(http.StatusUnauthorized, "The X-IDENTITY-HEADER header is missing or wrong.")
	case versionUnknown:
		return appServiceError(http.StatusBadRequest, "The api-version is missing or not supported.")
	case resourceMissing:
		return appServiceError(http.StatusBadRequest, "The resource is missing.")
	case resourceUnknown:
		return appServiceError(http.StatusBadRequest, s.applicationNotFound(p.text))
	case entraAway:
		return appServiceError(http.StatusInternalServerError, appServiceEntraAway)
	default:
		return appServiceError(http.StatusBadRequest, p.text)
	}
}

func appServiceStatus(code int) reply {
	switch code {
	case http.StatusBadRequest:
		return appServiceError(code, noSuchAssignment)
	case http.StatusInternalServerError:
		return appServiceError(code, appServiceEntraAway)
	default:
		return plainReply(code, "", "")
	}
}

func appServiceError(status int, message string) reply {
	return jsonReply(status, struct {
		StatusCode    int    `json:"statusCode"`
		Message       string `json:"message"`
		CorrelationID string `json:"correlationId"`
	}{status, message, guid()})
}

// briefReply is the success of App Service and Azure ML: of the times, only the end.
func briefReply(g grant) reply {
	return jsonReply(http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		ExpiresOn   string `json:"expires_on"`
		Resource    string `json:"resource"`
		TokenType   string `json:"token_type"`
		ClientID    string `json:"client_id"`
	}{g.value, decimal(g.expires), g.resource, "Bearer", g.id.ClientID})
}
