package guard_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// A service that asks for all claims gets them.
func TestClaims(t *testing.T) {
	t.Parallel()
	behindEach(t, proxies, func(t *testing.T, p proxy) {
		s := behind(t, p, "--claims")
		got := s.do(t, call{token: s.mint("reader", claim("name", "Zoë")), header: []string{"X-Auth-Claims: e30"}})
		require.NotNil(t, got.reached, "%+v", got)
		payload, err := base64.RawURLEncoding.DecodeString(got.reached.identity(t)["X-Auth-Claims"])
		require.NoError(t, err)
		var claims map[string]any
		require.NoError(t, json.Unmarshal(payload, &claims))
		require.Equal(t, imdstest.DefaultObjectID, claims["oid"])
		require.Equal(t, "Zoë", claims["name"])
		require.Empty(t, s.do(t, call{target: "/public/", header: []string{"X-Auth-Claims: e30"}}).reached.identity(t))
	})
}

// nginx calls the guard on a Unix socket when only the address is changed.
func TestSocket(t *testing.T) {
	t.Parallel()
	s := newStand(t, "nginx")
	s.guard.stop()
	s.at.guard = "unix:" + filepath.Join(publicDir(t), "guard.sock")
	s.startGuard(t, "--socket-mode", "0666") // the nginx workers run as another user
	nginx := proxies[slices.IndexFunc(proxies, func(p proxy) bool { return p.name == "nginx" })]
	nginx.start(t, s.at)
	s.requirePassed(t, call{token: s.mint("reader")}, with("reader"))
	s.requireRefused(t, call{}, http.StatusUnauthorized)
}
