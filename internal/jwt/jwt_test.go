package jwt_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/jwt"
)

func encode(header, payload string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(header)) + "." + enc([]byte(payload)) + "." + enc([]byte("signature"))
}

func TestReading(t *testing.T) {
	t.Parallel()
	t.Run("keeps the case of names", func(t *testing.T) {
		t.Parallel()
		claims, ok := jwt.Claims(encode(`{}`, `{"oid":"o","OID":"p"}`))
		require.True(t, ok)
		require.Equal(t, "o", jwt.Text(claims["oid"]))
		header, ok := jwt.Header(encode(`{"kid":"k","KID":"l"}`, `{}`))
		require.True(t, ok)
		require.Equal(t, "k", jwt.Text(header["kid"]))
	})
	t.Run("reads each part by itself", func(t *testing.T) {
		t.Parallel()
		_, ok := jwt.Claims(encode(`no JSON`, `{}`))
		require.True(t, ok)
		_, ok = jwt.Header(encode(`{}`, `no JSON`))
		require.True(t, ok)
	})
	t.Run("reports what is not a JWT", func(t *testing.T) {
		t.Parallel()
		for _, token := range []string{"", "opaque", "a.b", "a.b.c.d", encode(`null`, `null`), encode(`[]`, `[]`), encode(``, ``)} {
			_, ok := jwt.Claims(token)
			require.False(t, ok, token)
			_, ok = jwt.Header(token)
			require.False(t, ok, token)
		}
	})
	t.Run("takes a claim of another type for none", func(t *testing.T) {
		t.Parallel()
		for _, claim := range []string{``, `null`, `{}`, `7`, `["a",7]`} {
			require.Empty(t, jwt.Text(json.RawMessage(claim)), claim)
			require.Empty(t, jwt.Texts(json.RawMessage(claim)), claim)
		}
		require.Equal(t, []string{"a", "b"}, jwt.Texts(json.RawMessage(`["a","b"]`)))
	})
}

func TestNumericDate(t *testing.T) {
	t.Parallel()
	for claim, want := range map[string]time.Time{
		`1709895997`:    time.Date(2024, 3, 8, 11, 6, 37, 0, time.UTC),
		`1709895997.9`:  time.Date(2024, 3, 8, 11, 6, 37, 0, time.UTC),
		`253402300799`:  time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		`253402300800`:  {}, // it could not be marshalled
		`1e300`:         {},
		`0`:             {},
		`-1`:            {},
		`null`:          {},
		`"1709895997"`:  {},
		``:              {},
		`1709895997000`: {}, // milliseconds
	} {
		require.Equal(t, want, jwt.Time(json.RawMessage(claim)), claim)
	}
}

func FuzzClaims(f *testing.F) {
	for _, token := range []string{encode(`{}`, `{"exp":1709895997,"Exp":1}`), encode(`{}`, `null`), encode(`{}`, `[]`), encode(`{}`, `{}{}`), encode(`{}`, ``), "e30.e30.", "a.eyJ.c", "...", ".e30.", "a.e30=.c", "a.e3\n0.c"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, ok := jwt.Claims(token)
		parts := strings.Split(token, ".")
		var want map[string]any
		if len(parts) == 3 {
			payload, err := base64.RawURLEncoding.DecodeString(parts[1])
			if err == nil {
				err = json.Unmarshal(payload, &want)
			}
			if err != nil {
				want = nil
			}
		}
		require.Equal(t, want != nil, ok, "a payload that is no JSON object has no claims")
		if !ok {
			require.Empty(t, claims)
			return
		}
		require.Len(t, claims, len(want))
		for name, raw := range claims {
			var got any
			require.NoError(t, json.Unmarshal(raw, &got))
			require.Equal(t, want[name], got)
		}
	})
}
