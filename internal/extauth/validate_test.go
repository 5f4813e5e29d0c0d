package extauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/extauth"
)

// validate asks like a program without a proxy.
func (f *fixture) validate(t *testing.T, method string, authorization ...string) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "/validate", nil)
	if authorization != nil {
		r.Header["Authorization"] = authorization
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Contains(t, w.Header().Get("Content-Type"), "application/json")
	var members map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &members))
	return w, members
}

// byFlags returns the configuration that flags describe.
func byFlags(t *testing.T, required extauth.Entry) extauth.Config {
	t.Helper()
	c, err := extauth.Config{
		Authority: "https://imds.test", Audiences: []string{audience}, Tenants: []string{imdstest.DefaultTenantID}, Required: required,
	}.Check()
	require.NoError(t, err)
	return c
}

func TestValidate(t *testing.T) {
	t.Parallel()
	t.Run("answers with the claims", func(t *testing.T) {
		t.Parallel()
		f := start(t, entraID(), byFlags(t, extauth.Entry{}))
		expires := time.Now().Add(time.Hour).Truncate(time.Second)
		w, got := f.validate(t, "GET", "Bearer "+f.entra.Mint(audience, claim("exp", expires.Unix()), claim("extra", "x")))
		require.Equal(t, http.StatusOK, w.Code)
		claims, ok := got["claims"].(map[string]any)
		require.True(t, ok)
		require.Equal(t, "x", claims["extra"])
		require.Equal(t, object, claims["oid"])
		delete(got, "claims")
		require.Equal(t, map[string]any{
			"tenant_id": imdstest.DefaultTenantID, "object_id": object, "client_id": caller, "app_only": true, "roles": []any{"reader"}, "scopes": []any{},
			"expires_on": float64(expires.Unix()),
		}, got)
		_, got = f.validate(t, "GET", "Bearer "+f.entra.Mint(audience, user("a b")...))
		require.Equal(t, []any{}, got["roles"])
		require.Equal(t, []any{"a", "b"}, got["scopes"])
		require.Equal(t, false, got["app_only"])
	})
	t.Run("answers errors as package verify does", func(t *testing.T) {
		t.Parallel()
		f := start(t, entraID(), byFlags(t, extauth.Entry{Roles: []string{"reader"}}))
		for name, c := range map[string]struct {
			authorization []string
			status        int
			code          string
			challenge     string
		}{
			"no token":      {nil, 401, "invalid_token", `Bearer realm="api"`},
			"a bad token":   {[]string{"Bearer " + f.entra.Mint("https://other.example")}, 401, "invalid_token", `error="invalid_token"`},
			"two headers":   {[]string{"Bearer a", "Bearer b"}, 400, "invalid_request", `error="invalid_request"`},
			"two tokens":    {[]string{"Bearer a b"}, 400, "invalid_request", `error="invalid_request"`},
			"another role":  {[]string{"Bearer " + f.entra.Mint(audience, roles("writer"))}, 403, "insufficient_scope", `error="insufficient_scope"`},
			"without roles": {[]string{"Bearer " + f.entra.Mint(audience, claim("roles", nil))}, 403, "insufficient_scope", `error="insufficient_scope"`},
		} {
			w, got := f.validate(t, "GET", c.authorization...)
			require.Equal(t, c.status, w.Code, name)
			require.Equal(t, c.code, got["error"], name)
			require.NotEmpty(t, got["error_description"])
			require.Contains(t, w.Header().Get("WWW-Authenticate"), c.challenge, name)
		}
		require.Contains(t, f.log.String(), "path=/validate method=GET rule=none result=bad_token")
		for _, method := range []string{"POST", "PUT", "OPTIONS", "get"} {
			w, _ := f.validate(t, method, "Bearer "+f.entra.Mint(audience))
			require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
			require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
		}
	})
	t.Run("holds to what the flags require, and not to the rules of a file", func(t *testing.T) {
		t.Parallel()
		f := start(t, entraID(), byFlags(t, extauth.Entry{Callers: []string{object}}))
		w, _ := f.validate(t, "GET", "Bearer "+f.entra.Mint(audience, claim("roles", nil)))
		require.Equal(t, http.StatusOK, w.Code, "it is named")
		w, _ = f.validate(t, "GET", "Bearer "+f.entra.Mint(audience, claim("oid", other)))
		require.Equal(t, http.StatusForbidden, w.Code)

		f = start(t, entraID(), configured(t, readers))
		w, _ = f.validate(t, "GET", "Bearer "+f.entra.Mint(audience, roles("writer")))
		require.Equal(t, http.StatusOK, w.Code)
		w, _ = f.validate(t, "GET", "Bearer "+f.entra.Mint(audience, claim("roles", nil)))
		require.Equal(t, http.StatusForbidden, w.Code, "such a token says nothing")
	})
	t.Run("is 503 where there are no keys", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			entra := entraID()
			entra.Issuer().Break(imdstest.EntraDown())
			f := start(t, entra, byFlags(t, extauth.Entry{}))
			synctest.Wait()
			w, got := f.validate(t, "GET", "Bearer "+entra.Mint(audience))
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, "temporarily_unavailable", got["error"])
			require.NotEmpty(t, w.Header().Get("Retry-After"))
			require.Empty(t, w.Header().Get("WWW-Authenticate"))
		})
	})
}
