package imdstest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

func TestProtectLetsOnlyValidTokensThrough(t *testing.T) {
	t.Parallel()
	set := func(claim string, value any) func(*imdstest.JWT) {
		return func(j *imdstest.JWT) { j.Claims[claim] = value }
	}
	describe := func(why string) string { return `Bearer error="invalid_token", error_description="` + why + `"` }
	const expired, early, audience, alien = "the token is expired", "the token is not valid yet",
		"the token is for another audience", "the token was not signed by this issuer"

	for name, tc := range map[string]struct {
		authorization func(*imdstest.Server) string
		challenge     string // blank: let through
	}{
		"a token":              {func(s *imdstest.Server) string { return "Bearer " + s.Mint(orders) }, ""},
		"bearer in lower case": {func(s *imdstest.Server) string { return "bearer " + s.Mint(orders) }, ""},
		"no nbf": {func(s *imdstest.Server) string {
			return "Bearer " + s.Mint(orders, func(j *imdstest.JWT) { delete(j.Claims, "nbf") })
		}, ""},
		"in its last second": {func(s *imdstest.Server) string { return "Bearer " + s.Mint(orders, set("exp", time.Now().Unix()+1)) }, ""},
		"no header":          {func(*imdstest.Server) string { return "" }, "Bearer"},
		"no token":           {func(*imdstest.Server) string { return "Bearer " }, "Bearer"},
		"another scheme":     {func(*imdstest.Server) string { return "Basic eDp5" }, "Bearer"},
		"not a token":        {func(*imdstest.Server) string { return `Bearer "x"` }, describe(alien)},
		"another key": {func(s *imdstest.Server) string {
			return "Bearer " + s.Mint(orders, func(j *imdstest.JWT) { j.Header["kid"] = "x" })
		}, describe(alien)},
		"expired":             {func(s *imdstest.Server) string { return "Bearer " + s.Mint(orders, set("exp", time.Now().Unix())) }, describe(expired)},
		"no exp":              {func(s *imdstest.Server) string { return "Bearer " + s.Mint(orders, set("exp", nil)) }, describe(expired)},
		"not yet valid":       {func(s *imdstest.Server) string { return "Bearer " + s.Mint(orders, set("nbf", time.Now().Unix()+1)) }, describe(early)},
		"another audience":    {func(s *imdstest.Server) string { return "Bearer " + s.Mint(vault) }, describe(audience)},
		"a slash at the end":  {func(s *imdstest.Server) string { return "Bearer " + s.Mint(orders+"/") }, describe(audience)},
		"a list of audiences": {func(s *imdstest.Server) string { return "Bearer " + s.Mint(orders, set("aud", []string{orders})) }, describe(audience)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := imdstest.New(nil)
				service := server.Protect(orders, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, _ = io.WriteString(w, "welcome")
				}))
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
				if a := tc.authorization(server); a != "" {
					r.Header.Set("Authorization", a)
				}
				recorder := httptest.NewRecorder()
				service.ServeHTTP(recorder, r)
				require.Equal(t, tc.challenge, recorder.Header().Get("WWW-Authenticate"))
				if tc.challenge == "" {
					require.Equal(t, http.StatusOK, recorder.Code)
					require.Equal(t, "welcome", recorder.Body.String())
				} else {
					require.Equal(t, http.StatusUnauthorized, recorder.Code)
					require.NotContains(t, recorder.Body.String(), "welcome")
				}
			})
		})
	}
}
