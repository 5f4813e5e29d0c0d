package hosts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithCapability(t *testing.T) {
	t.Parallel()
	const challenge = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
	for _, tc := range []struct {
		name, claims string
		isCAE        bool
		want         string
		mistake      string
	}{
		{"nothing", "", false, "", ""},
		{"a challenge alone", challenge, false, challenge, ""},
		{"a challenge that is no JSON, alone", "claims", false, "claims", ""},
		{"the capability alone", "", true, `{"access_token":{"xms_cc":{"values":["cp1"]}}}`, ""},
		{"both", challenge, true, `{"access_token":{"nbf":{"essential":true,"value":"1604106651"},"xms_cc":{"values":["cp1"]}}}`, ""},
		{
			"members of other kinds, and a number that no float holds", `{"userinfo":{"a":null},"access_token":{"n":12345678901234567890}}`, true,
			`{"userinfo":{"a":null},"access_token":{"n":12345678901234567890,"xms_cc":{"values":["cp1"]}}}`, "",
		},
		{"an empty challenge", `{}`, true, `{"access_token":{"xms_cc":{"values":["cp1"]}}}`, ""},
		{"null", `null`, true, `{"access_token":{"xms_cc":{"values":["cp1"]}}}`, ""},
		{"null for access_token", `{"access_token":null}`, true, `{"access_token":{"xms_cc":{"values":["cp1"]}}}`, ""},
		{"no JSON", "claims", true, "", "not a JSON object"},
		{"an array", "[]", true, "", "not a JSON object"},
		{"an array for access_token", `{"access_token":[]}`, true, "", "access_token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := withCapability(tc.claims, tc.isCAE)
			if tc.mistake != "" {
				require.ErrorContains(t, err, tc.mistake)
				return
			}
			require.NoError(t, err)
			if tc.isCAE {
				require.JSONEq(t, tc.want, got)
				require.NotContains(t, got, "e+", "numbers stay as they are")
				return
			}
			require.Equal(t, tc.want, got)
		})
	}
}
