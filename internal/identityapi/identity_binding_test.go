package identityapi_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

var binding = identityapi.IdentityBinding{ServerName: "abc.ests.aks", ServiceAccount: "system:serviceaccount:shop:orders"}

func bindingRequest(pairs ...string) *http.Request {
	r := workloadRequest(pairs...)
	r.URL.Host, r.URL.Path = "kubernetes.default.svc", binding.Proxy()+r.URL.Path
	return r
}

func TestIdentityBindingIsEntraBehindAPath(t *testing.T) {
	t.Parallel()
	s := willing()
	w := serve(binding, s, bindingRequest("client_info", "1"))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Equal(t, []identityapi.Request{{
		Resource: vault, ID: identityapi.ID{Kind: identityapi.ClientID, Value: client}, Tenant: "tenant", Assertion: hush,
	}}, s.asked)
	w = serve(binding, s, bindingRequest("scope", "x"))
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "AADSTS90100: scope", "what is wrong with the form is Entra's to say")
}

func TestIdentityBindingRefusals(t *testing.T) {
	t.Parallel()
	stranger := identityapi.Failure{Reason: identityapi.Refused, Status: http.StatusUnauthorized}
	requireRefusals(t, binding, func() *http.Request { return bindingRequest() }, map[string]refusal{
		"a token of nobody": {stranger, 401, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",` +
			`"message":"Unauthorized","reason":"Unauthorized","code":401}`},
		"not bound": {notFound, 403, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",` +
			`"message":"GUID.cid.wi.aks.azure.com is forbidden: User \"system:serviceaccount:shop:orders\" ` +
			`cannot use-managed-identity at the cluster scope","reason":"Forbidden","code":403}`},
		"no resource": {noResource, 400, `"error":"invalid_resource"`},
		"no role":     {noRole, 400, `{"error":"invalid_grant","error_description":"AADSTS501051: No role. Trace ID: GUID`},
		"away":        {away, 503, "AADSTS90033"},
		"unavailable": {unavailable, 503, "temporarily_unavailable"},
		"throttled":   {throttled, 429, "temporarily_unavailable"},
	})
}

func TestIdentityBindingServerName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path       string
		connection *tls.ConnectionState
		admitted   bool
		astray     bool
	}{
		"the proxy's":                       {"/identity-binding/t/oauth2/v2.0/token", &tls.ConnectionState{ServerName: "abc.ests.aks"}, true, false},
		"in another case":                   {"/identity-binding/t/oauth2/v2.0/token", &tls.ConnectionState{ServerName: "ABC.ests.AKS"}, true, false},
		"that of the address":               {"/identity-binding/t/oauth2/v2.0/token", &tls.ConnectionState{ServerName: "kubernetes.default.svc"}, false, false},
		"none, as with an IP":               {"/identity-binding/t/oauth2/v2.0/token", &tls.ConnectionState{}, false, false},
		"no connection at all":              {"/identity-binding/t/oauth2/v2.0/token", nil, true, false},
		"the proxy's, without the path":     {"/t/oauth2/v2.0/token", &tls.ConnectionState{ServerName: "abc.ests.aks"}, true, true},
		"the proxy's, with half the path":   {"/identity-bindings/t/oauth2/v2.0/token", &tls.ConnectionState{ServerName: "abc.ests.aks"}, true, true},
		"another, and for another endpoint": {"/t/oauth2/v2.0/token", &tls.ConnectionState{ServerName: "a"}, false, false},
	} {
		call := identityapi.Call{Method: http.MethodPost, Base: "https://10.0.0.1", Path: c.path, TLS: c.connection}
		require.Equal(t, c.admitted, binding.Admit(call) == nil, name)
		require.Equal(t, c.astray, binding.Astray(call), name)
		if reply := binding.Admit(call); reply != nil {
			require.Equal(t, http.StatusUnauthorized, reply.Status)
			require.Equal(t, *reply, binding.Answer(context.Background(), call, willing()), name)
		}
	}
}

func TestIdentityBindingBehind(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/identity-binding/t/oauth2/v2.0/token":                     "/t/oauth2/v2.0/token",
		"/identity-binding/common/discovery/instance":               "/common/discovery/instance",
		"/identity-binding/t/v2.0/.well-known/openid-configuration": "/t/v2.0/.well-known/openid-configuration",
		"/identity-binding/":                                        "/",
		"/identity-binding":                                         "",
		"/identity-binding-too/t/oauth2/v2.0/token":                 "",
		"/t/oauth2/v2.0/token":                                      "",
		"/identity-binding/identity-binding/t/oauth2/v2.0/token":    "/identity-binding/t/oauth2/v2.0/token",
		"//identity-binding/t/oauth2/v2.0/token":                    "",
	} {
		behind, ok := binding.Behind(identityapi.Call{Base: "https://10.0.0.1", Path: path})
		require.Equal(t, want != "", ok, path)
		if ok {
			require.Equal(t, want, behind.Path)
		}
		_, ok = binding.Behind(identityapi.Call{Base: "http://10.0.0.1", Path: path})
		require.False(t, ok, "not over plain http")
	}
}
