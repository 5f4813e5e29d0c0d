package guard_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A method is matched exactly as the caller sent it.
func (s *stand) testMethods(t *testing.T) {
	reader, admin := s.mint("reader"), s.mint("admin")
	t.Run("of no rule", func(t *testing.T) {
		for _, method := range []string{http.MethodPatch, "PROPFIND", "get", "Get", "TRACE", "QUERY", "GETX"} {
			got := s.do(t, call{method: method, token: reader})
			require.Nil(t, got.reached, method)
			require.True(t, got.status >= 400 && got.status < 600, "%s: %d", method, got.status)
		}
	})
	t.Run("overridden", func(t *testing.T) {
		for _, name := range []string{"X-HTTP-Method-Override", "x-http-method-override", "X-HTTP-Method", "X-Method-Override"} {
			s.requireRefused(t, call{token: reader, header: []string{name + ": DELETE"}}, http.StatusForbidden)
			s.requireRefused(t, call{target: "/public/", header: []string{name + ": DELETE"}}, http.StatusForbidden)
			// A rule without methods covers all of them; the service obeys the request line.
			s.requirePassed(t, call{target: "/admin/x", token: admin, header: []string{name + ": DELETE"}}, with("admin"))
		}
	})
	t.Run("a preflight", func(t *testing.T) {
		preflight := []string{"Origin: https://shop.example", "Access-Control-Request-Method: GET"}
		s.requirePassed(t, call{method: http.MethodOptions, header: preflight}, nobody)
		s.requireRefused(t, call{method: http.MethodOptions, target: "/admin/", header: preflight}, http.StatusUnauthorized, http.StatusForbidden)
		for _, part := range preflight {
			s.requireRefused(t, call{method: http.MethodOptions, header: []string{part}}, http.StatusUnauthorized, http.StatusForbidden)
		}
	})
	t.Run("an upgrade", func(t *testing.T) {
		upgrade := []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
		s.requireRefused(t, call{header: upgrade}, http.StatusUnauthorized)
		s.requirePassed(t, call{token: reader, header: upgrade}, with("reader"))
	})
}

// A host that the proxy does not serve matches no rule.
func (s *stand) testHosts(t *testing.T) {
	reader := s.mint("reader")
	for _, host := range []string{"orders.example", "ORDERS.example", "orders.example:8443"} {
		got := s.requirePassed(t, call{host: host, token: reader}, with("reader"))
		require.True(t, strings.HasPrefix(strings.ToLower(got.host), "orders.example"), "the service is told %q", got.host)
	}
	for _, host := range []string{"other.example", "orders.example.other.example", "127.0.0.1", "localhost"} {
		s.requireRefused(t, call{host: host, token: reader}, http.StatusMisdirectedRequest)
	}
}

// The body of a call goes to the service and does not make the guard wait.
func (s *stand) testBodies(t *testing.T) {
	writer := s.mint("writer")
	body := strings.Repeat("body ", 100_000)
	got := s.requirePassed(t, call{method: http.MethodPost, token: writer, body: body}, with("writer"))
	require.Equal(t, body, got.body)
	got = s.requirePassed(t, call{method: http.MethodPost, token: writer, body: "abc", chunked: true}, with("writer"))
	require.Equal(t, "abc", got.body)
	s.requireRefused(t, call{method: http.MethodPost, token: s.mint("reader"), body: "x"}, http.StatusForbidden)
	t.Run("with long headers", func(t *testing.T) {
		roles := make([]string, 150)
		for i := range roles {
			roles[i] = "a.role.of.thirty.characters.x" + string(rune('a'+i%26))
		}
		roles[0] = "reader"
		others := []string{"Cookie: " + strings.Repeat("x", 7000), "Test-Long: " + strings.Repeat("x", 7000)}
		s.requirePassed(t, call{token: s.imds.Mint(audience, claim("roles", roles)), header: others}, with(strings.Join(roles, ",")))
	})
}
