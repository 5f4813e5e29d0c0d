package identityapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guid"
)

// WorkloadIdentity is the token endpoint of Entra ID, as a pod with workload identity uses it. It
// is served over https only.
//
//	POST /{tenant}/oauth2/v2.0/token
//	Content-Type: application/x-www-form-urlencoded
//
//	grant_type=client_credentials&client_id=<client id>&scope=https://vault.azure.net/.default
//	&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
//	&client_assertion=<the pod's federated token>
//
// Each of these must be there once. The optional claims is a request for claims (OpenID Connect
// Core, section 5.5), in which access_token.xms_cc has the capabilities of the client. Other
// parameters are ignored. The scope may also have OpenID Connect's own scopes besides the one with
// /.default. The [Source] decides whether the tenant, the client and the assertion are valid. Other
// methods are refused with 405.
//
// A success has token_type, expires_in and ext_expires_in (numbers) and access_token. Errors are
// Entra's: OAuth's with error_codes, timestamp, trace_id, correlation_id and error_uri.
type WorkloadIdentity struct{}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// transient is Entra's text while it is down.
const transient = "A transient error has occurred. Please try again."

// Host returns the path of the token endpoint.
func (e WorkloadIdentity) Host() Host {
	return Host{Name: "workload identity", Path: "/{tenant}/oauth2/v2.0/token", HTTPS: true}
}

// Answer returns Entra's answer to a token request.
func (e WorkloadIdentity) Answer(ctx context.Context, c Call, s Source) Reply {
	return e.answer(ctx, c, e, s)
}

// answer returns the answer to a token request in the words of f.
func (e WorkloadIdentity) answer(ctx context.Context, c Call, f form, s Source) Reply {
	if c.Method != http.MethodPost {
		return NotAllowed(http.MethodPost)
	}
	r, bad := e.check(c)
	if bad != nil {
		return f.refuse(r, *bad)
	}
	return ask(ctx, f, r, s)
}

// check returns the request that a call makes, or Entra's refusal.
func (e WorkloadIdentity) check(c Call) (Request, *Failure) {
	refused := func(code string, number int, format string, a ...any) (Request, *Failure) {
		return Request{}, &Failure{Reason: Refused, Code: code, Number: number, Text: fmt.Sprintf(format, a...)}
	}
	if c.formErr != nil {
		return refused("invalid_request", 900144, "The request body cannot be read.")
	}
	for _, name := range []string{"grant_type", "client_id", "scope", "client_assertion", "client_assertion_type"} {
		switch values := c.Form[name]; {
		case name == "client_assertion" && strings.Join(values, "") == "":
			return Request{}, noAssertion(c)
		case len(values) == 0 || values[0] == "":
			return refused("invalid_request", 900144,
				"The request body must contain the following parameter: '%s'.", name)
		case len(values) > 1 || name == "client_assertion_type" && values[0] != assertionType:
			return refused("invalid_request", 90100, "%s parameter is empty or not valid.", name)
		}
	}
	if grantType := c.Form.Get("grant_type"); grantType != "client_credentials" {
		return refused("unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '%s'.", grantType)
	}
	resource, ok := scopeResource(c.Form.Get("scope"))
	if !ok {
		return refused("invalid_scope", 1002012, "The provided value for scope %s is not valid. "+
			"Client credential flows must have a scope value with /.default suffixed to the resource identifier.", c.Form.Get("scope"))
	}
	capabilities, ok := clientCapabilities(c.Form["claims"])
	if !ok {
		return refused("invalid_request", 90100, "%s parameter is empty or not valid.", "claims")
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(c.Path, "/"), "/")
	return Request{
		Resource: resource, ID: ID{ClientID, c.Form.Get("client_id")},
		Tenant: tenant, Assertion: c.Form.Get("client_assertion"),
		CAE: slices.ContainsFunc(capabilities, func(s string) bool { return strings.EqualFold(s, "cp1") }),
	}, nil
}

// noAssertion is Entra's refusal of a call without an assertion. No secret is accepted.
func noAssertion(c Call) *Failure {
	f := &Failure{Reason: Refused, Status: http.StatusUnauthorized, Code: "invalid_client"}
	if c.Form.Get("client_secret") != "" {
		f.Number, f.Text = 7000215, "Invalid client secret provided."
	} else {
		f.Number = 7000216
		f.Text = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
	}
	return f
}

// clientCapabilities returns those that a parameter claims has, if there is one.
func clientCapabilities(values []string) (capabilities []string, ok bool) {
	if len(values) == 0 {
		return nil, true
	}
	var claims struct {
		AccessToken struct {
			Capabilities struct {
				Values []string `json:"values"`
			} `json:"xms_cc"`
		} `json:"access_token"`
	}
	err := json.Unmarshal([]byte(values[0]), &claims)
	return claims.AccessToken.Capabilities.Values, err == nil && len(values) == 1
}

// scopeResource returns the resource of a scope parameter. The parameter may also have the scopes
// of OpenID Connect: MSAL sends them with every request.
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

func (e WorkloadIdentity) refuse(_ Request, f Failure) Reply {
	switch f.Reason {
	case Refused:
		return entraError(cmp.Or(f.Status, http.StatusBadRequest), cmp.Or(f.Code, "invalid_grant"), f.Number, f.Text)
	case IdentityNotFound, IdentityAmbiguous:
		return e.Status(http.StatusBadRequest)
	case ResourceNotFound:
		return entraError(http.StatusBadRequest, "invalid_resource", 500011, f.Text)
	case Throttled:
		return e.Status(http.StatusTooManyRequests)
	default:
		return e.Status(http.StatusServiceUnavailable)
	}
}

func (e WorkloadIdentity) succeed(_ Request, t Token) Reply {
	life := cmp.Or(int64(t.FirstLife/time.Second), t.ExpiresOn.Unix()-time.Now().Unix())
	return JSON(http.StatusOK, struct {
		TokenType    string `json:"token_type"`
		ExpiresIn    int64  `json:"expires_in"`
		ExtExpiresIn int64  `json:"ext_expires_in"`
		AccessToken  string `json:"access_token"`
	}{"Bearer", life, life, t.Value})
}

// Status returns the bodies of 400, 401, 429 and from 500 on, and nothing else.
func (e WorkloadIdentity) Status(code int) Reply {
	switch {
	case code == http.StatusBadRequest:
		return entraError(code, "unauthorized_client", 700016, "Application was not found in the directory.")
	case code == http.StatusUnauthorized:
		return entraError(code, "invalid_client", 70021, "No matching federated identity record found for presented assertion.")
	case code == http.StatusTooManyRequests, code >= http.StatusInternalServerError:
		return entraError(code, "temporarily_unavailable", 90033, transient)
	default:
		return empty(code)
	}
}

// entraError returns an error in Entra's form.
func entraError(status int, code string, number int, text string) Reply {
	s := newStatement(number, text)
	return JSON(status, struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		Codes         []int  `json:"error_codes"`
		Timestamp     string `json:"timestamp"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
		URI           string `json:"error_uri"`
	}{
		code, s.text, []int{number}, s.timestamp, s.trace, s.correlation,
		fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", number),
	})
}

// A statement is Entra's text about an error, with the ids by which Microsoft finds it.
type statement struct{ text, timestamp, trace, correlation string }

func newStatement(number int, text string) statement {
	s := statement{
		timestamp: time.Now().UTC().Format("2006-01-02 15:04:05Z"), trace: guid.New(), correlation: guid.New(),
	}
	s.text = fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
		number, text, s.trace, s.correlation, s.timestamp)
	return s
}

// words returns what the platform passes on of a refusal: Entra's own statement, or the text.
func (f Failure) words() string {
	if f.Number == 0 {
		return f.Text
	}
	return newStatement(f.Number, f.Text).text
}
