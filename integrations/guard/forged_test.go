package guard_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// spellings are the spellings of a header that some server or framework treats as the one with
// hyphens.
var spellings = map[string][]string{
	"X-Auth-Roles":  {"X-Auth-Roles", "x-auth-roles", "X-AUTH-ROLES", "X_Auth_Roles", "x_auth_roles", "X_AUTH_ROLES", "X.Auth.Roles", "X-Auth_Roles", "X_Auth-Roles", "X-Auth.Roles", "X.Auth-Roles", "X+Auth+Roles", "X~auth|roles"},
	"X-Auth-Claims": {"X-Auth-Claims", "X_Auth_Claims", "X.Auth.Claims"},
	"X-Auth-Tenant": {"X-Auth-Tenant", "X_Auth_Tenant", "X.Auth.Tenant"},
}

// misleading are headers, in various spellings, that make frameworks use a path or method other
// than that of the request.
var misleading = []string{
	"X-Original-URL", "X_Original_URL", "X.Original.Url", "X-Original_URL", "X-Rewrite-URL", "x_rewrite_url", "X.Rewrite.URL", "X-Rewrite_Url",
	"X_HTTP_Method_Override", "X.HTTP.Method.Override", "X-HTTP_Method-Override", "X_HTTP_Method", "X_Method_Override", "X-Method_Override", "X.Method.Override",
}

// Nothing that a caller claims about itself reaches the service: the call is refused, or passes
// with only the guard's headers.
func (s *stand) testForgedIdentities(t *testing.T) {
	reader := s.mint("reader")
	t.Run("by headers", func(t *testing.T) {
		for _, names := range spellings {
			for _, name := range names {
				forged := []string{name + ": forged"}
				s.requireUntouched(t, call{token: reader, header: forged}, with("reader"))
				s.requireUntouched(t, call{token: reader, header: append(forged, name+": again")}, with("reader"))
				s.requireUntouched(t, call{target: "/public/", header: forged}, nobody)
				s.requireRefused(t, call{header: forged}, http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest)
			}
		}
	})
	t.Run("by plain headers", func(t *testing.T) {
		var forged []string
		for _, name := range identityHeaders {
			forged = append(forged, name+": forged")
		}
		s.requirePassed(t, call{token: reader, header: forged}, with("reader"))
		s.requirePassed(t, call{target: "/public/", header: forged}, nobody)
	})
	t.Run("by what Connection takes off", func(t *testing.T) {
		for _, named := range []string{"X-Auth-Roles", "x-auth-roles", "close, X-Auth-Roles", "X-Auth-Roles, X-Auth-Tenant, X-Auth-Object-Id"} {
			got := s.do(t, call{token: reader, header: []string{"Connection: " + named, "X-Auth-Roles: forged", "X_Auth_Roles: forged"}})
			if got.reached == nil {
				require.NotEqual(t, http.StatusOK, got.status)
				continue
			}
			// A proxy that obeys Connection removes the header after the guard: it may be missing
			// but must not be forged.
			for name, value := range got.reached.identity(t) {
				require.Equal(t, with("reader").headers()[name], value, name)
			}
		}
	})
	t.Run("by trailers", func(t *testing.T) {
		got := s.do(t, call{token: s.mint("writer"), method: http.MethodPost, header: []string{"Trailer: X-Auth-Roles"}, body: "x", chunked: true, trailer: "X-Auth-Roles: forged\r\n"})
		if got.reached != nil {
			require.Equal(t, with("writer").headers(), got.reached.identity(t))
		}
	})
}

// requireUntouched fails the test if the service got the call with an identity other than who.
func (s *stand) requireUntouched(t *testing.T, c call, who identity) {
	t.Helper()
	got := s.do(t, c)
	if got.reached == nil {
		require.Contains(t, []int{http.StatusForbidden, http.StatusBadRequest}, got.status, "%v", c)
		return
	}
	require.Equal(t, who.headers(), got.reached.identity(t), "%v", c)
}

// contextHeaders are headers in which some proxies describe the original request, and from which
// some frameworks take a path or a method.
var contextHeaders = []string{
	"X-Original-URI", "X-Original-URL", "X-Forwarded-Uri", "X-Rewrite-URL", "X-Original-Uri", "X-Envoy-Original-Path", "X-Request-Uri",
	"X_Original_URI", "X_Forwarded_Uri", "X.Original.URI", "X.Forwarded.Uri",
}

// Nothing that a caller claims about the request opens or closes a route.
func (s *stand) testForgedContexts(t *testing.T) {
	reader := s.mint("reader")
	for _, name := range contextHeaders {
		open := []string{name + ": /public/x"}
		s.requireRefused(t, call{target: "/admin/x", header: open}, http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest)
		s.requireRefused(t, call{target: "/admin/x", token: reader, header: open}, http.StatusForbidden, http.StatusBadRequest)
		s.requireRefused(t, call{target: "/admin/x", token: reader, header: append(open, "Connection: "+name)}, http.StatusForbidden, http.StatusBadRequest)
	}
	for _, header := range []string{"X-Original-Method: GET", "X-Forwarded-Method: GET", "X_Original_Method: GET", "X_Forwarded_Method: GET"} {
		s.requireRefused(t, call{method: http.MethodDelete, token: reader, header: []string{header}}, http.StatusForbidden, http.StatusBadRequest)
	}
	for _, header := range []string{"X-Forwarded-Host: other.example", "X-Original-Host: other.example", "Forwarded: host=other.example;proto=https"} {
		s.requireRefused(t, call{target: "/admin/x", token: reader, header: []string{header}}, http.StatusForbidden)
		s.requirePassed(t, call{token: reader, header: []string{header}}, with("reader"))
	}
	t.Run("for the service", func(t *testing.T) {
		for _, name := range misleading {
			got := s.do(t, call{target: "/public/x", header: []string{name + ": /admin/x"}})
			if got.reached == nil {
				require.Contains(t, []int{http.StatusForbidden, http.StatusBadRequest}, got.status, name)
				continue
			}
			got.reached.requireClean(t)
		}
	})
	t.Run("an outer proxy's", func(t *testing.T) {
		s.requirePassed(t, call{token: reader, header: []string{
			"X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: orders.example", "X-Forwarded-Method: GET", "X-Forwarded-Uri: /outer/orders/1",
			"X-Original-URI: /outer/orders/1", "X-Original-Method: GET",
		}}, with("reader"))
	})
	t.Run("taken off by Connection", func(t *testing.T) {
		for _, named := range []string{
			"X-Original-URI", "X-Original-Method", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Host", "Host", "Authorization",
			"X-Original-URI, X-Original-Method, X-Forwarded-Uri, X-Forwarded-Method",
		} {
			got := s.do(t, call{target: "/admin/x", token: reader, header: []string{"Connection: " + named}})
			require.Nil(t, got.reached, "%s: %+v", named, got)
			require.NotEqual(t, http.StatusOK, got.status)
		}
	})
}
