package guard_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// Tests which callers get through, and what the others are told.
func (s *stand) testTokens(t *testing.T) {
	reader, writer := s.mint("reader"), s.mint("writer")
	t.Run("a good one", func(t *testing.T) {
		s.requirePassed(t, call{token: reader}, with("reader"))
		s.requirePassed(t, call{token: writer}, with("writer"))
		s.requirePassed(t, call{token: writer, method: http.MethodDelete}, with("writer"))
		s.requirePassed(t, call{token: s.mint("admin"), target: "/admin/x?y=/public/"}, with("admin"))
		s.requirePassed(t, call{token: reader, method: http.MethodHead}, with("reader"))
	})
	t.Run("of a user", func(t *testing.T) {
		who := with("reader")
		who.scopes = "orders.read"
		s.requirePassed(t, call{token: s.mint("reader", ofUser)}, who)
		s.requireRefused(t, call{token: s.mint("writer", ofUser), method: http.MethodPost, body: "x"}, http.StatusForbidden)
	})
	t.Run("an open route", func(t *testing.T) {
		s.requirePassed(t, call{target: "/public/x"}, nobody)
		s.requirePassed(t, call{target: "/public/x?/../admin/"}, nobody)
		s.requirePassed(t, call{target: "/public/x", token: reader}, nobody)
		s.requirePassed(t, call{target: "/public/x", token: "garbage"}, nobody)
		s.requireRefused(t, call{target: "/public/x", method: http.MethodPost, body: "x"}, http.StatusForbidden)
	})
	t.Run("a wrong role", func(t *testing.T) {
		for _, c := range []call{
			{token: reader, method: http.MethodDelete}, {token: writer, target: "/admin/"}, {token: s.mint("Reader")}, {token: s.mint("reader,writer")},
		} {
			got := s.requireRefused(t, c, http.StatusForbidden)
			require.Contains(t, got.header.Get("WWW-Authenticate"), `error="insufficient_scope"`)
			require.Len(t, got.header.Values("WWW-Authenticate"), 1)
		}
	})
	t.Run("none", func(t *testing.T) {
		for _, header := range [][]string{nil, {"Authorization: Basic dTpw"}} {
			got := s.requireRefused(t, call{header: header}, http.StatusUnauthorized)
			require.Equal(t, []string{"Bearer"}, schemes(got.header))
			require.NotContains(t, got.header.Get("WWW-Authenticate"), "error=")
		}
	})
	t.Run("a bad one", func(t *testing.T) {
		foreign, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		for name, token := range map[string]string{
			"of another audience": s.imds.Mint("https://prices.example", claim("roles", []string{"reader"})),
			"an ID token":         s.mint("reader", idToken),
			"expired":             s.mint("reader", expired),
			"of another tenant":   s.mint("reader", claim("tid", "bbbbbbbb-0000-4000-8000-000000000000")),
			"of another key":      s.mint("reader", func(j *imdstest.JWT) { j.Key = foreign }),
			"without a signature": s.mint("reader")[:200],
			"garbage":             "garbage",
		} {
			t.Run(name, func(t *testing.T) {
				got := s.requireRefused(t, call{token: token}, http.StatusUnauthorized)
				require.Equal(t, []string{"Bearer"}, schemes(got.header))
				require.Contains(t, got.header.Get("WWW-Authenticate"), `error="invalid_token"`)
			})
		}
	})
	t.Run("malformed", func(t *testing.T) {
		for _, header := range []string{"Authorization: Bearer", "Authorization: Bearer a b", "Authorization: Bearer " + reader + ", Bearer " + reader} {
			got := s.requireRefused(t, call{header: []string{header}}, http.StatusUnauthorized)
			require.Equal(t, []string{"Bearer"}, schemes(got.header))
		}
	})
	t.Run("two", func(t *testing.T) {
		// nginx uses the first of two, and so does the guard behind it; neither uses both.
		got := s.do(t, call{token: "garbage", header: []string{"Authorization: Bearer " + reader}})
		require.NotEqual(t, http.StatusOK, got.status)
		require.Nil(t, got.reached)
	})
}

// schemes returns the schemes of an answer's challenges.
func schemes(header http.Header) (all []string) {
	for _, challenge := range header.Values("WWW-Authenticate") {
		all = append(all, challenge[:min(len(challenge), len("Bearer"))])
	}
	return all
}
