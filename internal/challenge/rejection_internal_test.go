package challenge

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
	encoded := base64.StdEncoding.EncodeToString([]byte(claims))
	for _, tc := range []struct {
		name   string
		values []string
		want   Rejection
	}{
		{"no challenge", nil, Rejection{WantsNewToken: true}},
		{"bearer", []string{`Bearer`}, Rejection{WantsNewToken: true}},
		{"bearer among others", []string{`Basic realm="x"`, `bearer error="invalid_token"`}, Rejection{WantsNewToken: true}},
		{"another scheme", []string{`Basic realm="x"`, `Negotiate`}, Rejection{}},
		{"claims", []string{`Bearer realm="", error="insufficient_claims", claims="` + encoded + `"`}, Rejection{WantsNewToken: true, Claims: claims}},
		{"claims for another error", []string{`Bearer error="invalid_token", claims="` + encoded + `"`}, Rejection{WantsNewToken: true}},
		{"claims that are no base64", []string{`Bearer error="insufficient_claims", claims="???"`}, Rejection{WantsNewToken: true}},
	} {
		require.Equal(t, tc.want, Read(tc.values), tc.name)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="`, `Basic realm="x"`)
	f.Add(`Negotiate`, `bearer`)
	f.Add(``, `Bearer claims="eyJhIjoxfQ==", error=insufficient_claims`)
	f.Fuzz(func(t *testing.T, first, second string) {
		got := Read([]string{first, second})
		asks := slices.ContainsFunc(append(parse(first), parse(second)...), func(c challenge) bool { return strings.EqualFold(c.scheme, "Bearer") })
		if len(first)+len(second) <= maxLength {
			require.Equal(t, asks, got.WantsNewToken)
		}
		if got.Claims != "" {
			require.True(t, got.WantsNewToken)
			require.Contains(t, strings.ToLower(first+second), "claims")
			require.LessOrEqual(t, len(got.Claims), maxLength*3/4)
		}
	})
}
