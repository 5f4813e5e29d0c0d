package challenge

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
	const unlike = `{"a":"~~?>>"}` // which the two alphabets write differently
	require.NotEqual(t, base64.StdEncoding.EncodeToString([]byte(unlike)), base64.URLEncoding.EncodeToString([]byte(unlike)))
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
		// Claims as services write them: msgraph-sdk-dotnet 1416, azure-sdk-for-python 19365 and
		// 37652, azure-sdk-for-java 19490.
		{"an address without quotes", []string{`Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, error="insufficient_claims", claims="` + encoded + `"`}, Rejection{WantsNewToken: true, Claims: claims}},
		{"an address without quotes at the end", []string{`Bearer error=insufficient_claims, claims=` + encoded + `, authorization_uri=https://login.microsoftonline.com/common`}, Rejection{WantsNewToken: true, Claims: claims}},
		{"nothing in quotes, and no commas", []string{`Bearer error=insufficient_claims claims=` + encoded}, Rejection{WantsNewToken: true, Claims: claims}},
		{"without padding", []string{`Bearer error="insufficient_claims", claims="` + strings.TrimRight(encoded, "=") + `"`}, Rejection{WantsNewToken: true, Claims: claims}},
		{"base64url", []string{`Bearer error="insufficient_claims", claims="` + base64.URLEncoding.EncodeToString([]byte(unlike)) + `"`}, Rejection{WantsNewToken: true, Claims: unlike}},
		{"base64url without padding", []string{`Bearer error="insufficient_claims", claims="` + base64.RawURLEncoding.EncodeToString([]byte(unlike)) + `"`}, Rejection{WantsNewToken: true, Claims: unlike}},
		{"base64 of the same", []string{`Bearer error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(unlike)) + `"`}, Rejection{WantsNewToken: true, Claims: unlike}},
		{"as they are", []string{`Bearer error="insufficient_claims", claims="{\"a\":1}"`}, Rejection{WantsNewToken: true, Claims: `{"a":1}`}},
		{"in quotes of another kind", []string{`Bearer error="insufficient_claims", claims='` + encoded + `'`}, Rejection{WantsNewToken: true, Claims: claims}},
		{"an error in capitals", []string{`Bearer error="Insufficient_Claims", claims="` + encoded + `"`}, Rejection{WantsNewToken: true, Claims: claims}},
		{"claims that are no object", []string{`Bearer error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(`["a"]`)) + `"`}, Rejection{WantsNewToken: true}},
		{"claims that are null", []string{`Bearer error="insufficient_claims", claims="bnVsbA=="`}, Rejection{WantsNewToken: true}},
		{"no claims", []string{`Bearer error="insufficient_claims"`}, Rejection{WantsNewToken: true}},
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
			require.LessOrEqual(t, len(got.Claims), maxLength)
			require.True(t, json.Valid([]byte(got.Claims)))
		}
	})
}
