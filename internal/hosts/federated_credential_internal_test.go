package hosts

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

func jwtOf(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".signature"
}

func TestPresented(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		assertion string
		want      []string
	}{
		"one audience":   {jwtOf(`{"iss":"https://i/","sub":"s","aud":"api://a"}`), []string{`issuer "https://i/"`, `subject "s"`, `audience "api://a"`}},
		"as an array":    {jwtOf(`{"iss":"i","sub":"s","aud":["api://a"]}`), []string{`audience "api://a"`}},
		"several":        {jwtOf(`{"iss":"i","sub":"s","aud":["a","b"]}`), []string{`audience "a, b"`}},
		"none of them":   {jwtOf(`{}`), []string{`issuer ""`, `subject ""`, `audience ""`}},
		"no JWT":         {"opaque", []string{"not a JWT"}},
		"other kinds":    {jwtOf(`{"iss":1,"sub":[],"aud":{}}`), []string{`issuer ""`}},
		"a line feed":    {jwtOf(`{"iss":"i\n"}`), []string{`issuer "i\n"`}},
		"a long issuer":  {jwtOf(`{"iss":"https://ib.oic.prod-aks.azure.com/7e000000-0000-4000-8000-00000000000a/c0000000-0000-4000-8000-00000000000a"}`), []string{`00000000000a"`}},
		"an endless one": {jwtOf(`{"iss":"` + strings.Repeat("i", 60_000) + `"}`), []string{`"…`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readPresented(tc.assertion).String()
			require.Less(t, len(got), 500)
			require.NotContains(t, got, "\n")
			for _, want := range tc.want {
				require.Contains(t, got, want)
			}
		})
	}
}

func TestIsAboutCredential(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		code            int
		mismatch, about bool
	}{
		{70021, true, true},
		{700211, true, true},
		{700212, true, true},
		{700213, true, true},
		{7002111, true, true},
		{7002121, true, true},
		{7002131, true, true},
		{7002138, true, true},
		{7002139, true, true}, // not seen yet
		{700222, false, true},
		{70022204, false, true},
		{700226, false, true},
		{700227, false, true},
		{700236, false, true},
		{700024, false, true},
		{7000222, false, false}, // a secret that has expired
		{7000215, false, false},
		{700016, false, false},
		{50013, false, false},
		{70022, false, false},
		{0, false, false},
	} {
		f := &wire.Failure{EntraCodes: []int{tc.code}}
		require.Equal(t, tc.mismatch, isMismatch(f), tc.code)
		require.Equal(t, tc.about, isAboutCredential(f), tc.code)
		if tc.about {
			require.NotEmpty(t, federationAdvice(f), tc.code)
		}
	}
	for longer, known := range map[int]int{7002139: 700213, 70022299: 700222, 7002269: 700226} {
		require.Equal(t, federationAdvice(&wire.Failure{EntraCodes: []int{known}}), federationAdvice(&wire.Failure{EntraCodes: []int{longer}}), longer)
	}
}
