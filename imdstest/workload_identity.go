package imdstest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	workloadIdentityPath = "/{tenant}/oauth2/v2.0/token"
	assertionType        = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// transientAtEntra is what Entra says while it is away.
const transientAtEntra = "AADSTS90033: A transient error has occurred. Please try again."

// WorkloadIdentity returns the environment in which a client takes this server for Entra ID, and itself for a pod of AKS
// with workload identity. The endpoint is there over https only, see [Server.Client]. No platform is in between: each
// request mints, whatever [Options.MintAfter] says. The federated token is valid for a year from the first call on
// and until [Server.RotateFederatedToken].
//
// A client that asks Microsoft about authorities first must be told not to (azidentity: DisableInstanceDiscovery), unless
// s is its transport: then it asks s.
func (s *Server) WorkloadIdentity() Environment {
	return Environment{
		federatedTokenFile: s.federatedTokenFile(),
		tenantID:           s.options.TenantID,
		clientID:           s.defaultIdentity().ClientID,
		authorityHost:      s.secureURL() + "/",
	}
}

func (s *Server) workloadIdentity() host {
	return host{
		name: "workload identity", path: workloadIdentityPath, https: true,
		answer: s.tokenEndpoint, status: entraStatus,
	}
}

// tokenEndpoint answers as Entra's does to the client credentials of a federated identity.
func (s *Server) tokenEndpoint(c call, entraDown bool) reply {
	if c.method != http.MethodPost {
		r := plainReply(http.StatusMethodNotAllowed, "", "")
		r.header.Set("Allow", http.MethodPost)
		return r
	}
	if entraDown {
		return entraStatus(http.StatusServiceUnavailable)
	}
	id, resource, refusal := s.checkTokenRequest(c)
	if refusal != nil {
		return *refusal
	}
	t := s.mint(*id, resource, time.Now())
	r := jsonReply(http.StatusOK, struct {
		TokenType    string `json:"token_type"`
		ExpiresIn    int64  `json:"expires_in"`
		ExtExpiresIn int64  `json:"ext_expires_in"`
		AccessToken  string `json:"access_token"`
	}{"Bearer", t.firstLife, t.firstLife, t.value})
	r.minted = true
	return r
}

func (s *Server) checkTokenRequest(c call) (id *Identity, resource string, refusal *reply) {
	refuse := func(status int, code string, number int, format string, a ...any) (*Identity, string, *reply) {
		r := entraError(status, code, number, fmt.Sprintf(format, a...))
		return nil, "", &r
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/"), "/")
	if !strings.EqualFold(tenant, s.options.TenantID) {
		return refuse(http.StatusBadRequest, "invalid_request", 90002,
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID.", tenant)
	}
	for _, name := range []string{"grant_type", "client_id", "scope", "client_assertion_type", "client_assertion"} {
		switch values := c.form[name]; {
		case len(values) == 0 || values[0] == "":
			return refuse(http.StatusBadRequest, "invalid_request", 900144,
				"The request body must contain the following parameter: '%s'.", name)
		case len(values) > 1 || name == "client_assertion_type" && values[0] != assertionType:
			return refuse(http.StatusBadRequest, "invalid_request", 90100, "%s parameter is empty or not valid.", name)
		}
	}
	if grantType := c.form.Get("grant_type"); grantType != "client_credentials" {
		return refuse(http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '%s'.", grantType)
	}
	client := c.form.Get("client_id")
	id, _ = s.identity(selector{clientID: client})
	if id == nil {
		return refuse(http.StatusBadRequest, "unauthorized_client", 700016,
			"Application with identifier '%s' was not found in the directory '%s'.", client, tenant)
	}
	resource, ok := scopeResource(c.form.Get("scope"))
	if !ok {
		return refuse(http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope %s is not valid. "+
			"Client credential flows must have a scope value with /.default suffixed to the resource identifier.", c.form.Get("scope"))
	}
	if number, description := s.federated(c.form.Get("client_assertion")); number != 0 {
		return refuse(http.StatusUnauthorized, "invalid_client", number, "%s", description)
	}
	if !s.knows(resource) {
		return refuse(http.StatusBadRequest, "invalid_resource", 500011,
			"The resource principal named %s was not found in the tenant named %s.", resource, tenant)
	}
	return id, resource, nil
}

// scopeResource returns the resource of a scope parameter. The scopes of OpenID Connect may stand beside it: MSAL sends
// them with every request.
func scopeResource(scope string) (resource string, ok bool) {
	scopes := slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
		return s == "openid" || s == "offline_access" || s == "profile"
	})
	if len(scopes) != 1 {
		return "", false
	}
	resource, ok = strings.CutSuffix(scopes[0], "/.default")
	return resource, ok && resource != ""
}

// entraStatus returns what the token endpoint sends with a status.
func entraStatus(code int) reply {
	switch {
	case code == http.StatusBadRequest:
		return entraError(code, "unauthorized_client", 700016, "Application was not found in the directory.")
	case code == http.StatusUnauthorized:
		return entraError(code, "invalid_client", 70021, "No matching federated identity record found for presented assertion.")
	case code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
		return entraError(code, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again.")
	default:
		return plainReply(code, "", "")
	}
}

// entraError returns an error in Entra's form.
func entraError(status int, code string, number int, text string) reply {
	trace, correlation := guid(), guid()
	now := time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return jsonReply(status, struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		Timestamp     string `json:"timestamp"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
		URI           string `json:"error_uri"`
	}{
		code,
		fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", number, text, trace, correlation, now),
		[]int{number}, now, trace, correlation,
		fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", number),
	})
}
