package hosts

import (
	"net/url"
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

func TestExchangeAudience(t *testing.T) {
	t.Parallel()
	for authority, want := range map[string]string{
		"https://login.microsoftonline.com/":                 "api://AzureADTokenExchange",
		"https://login.microsoftonline.com":                  "api://AzureADTokenExchange",
		"https://LOGIN.microsoftonline.COM:443/":             "api://AzureADTokenExchange",
		"https://login.microsoftonline.com./":                "api://AzureADTokenExchange",
		"https://login.microsoftonline.us/":                  "api://AzureADTokenExchangeUSGov",
		"https://login.chinacloudapi.cn/":                    "api://AzureADTokenExchangeChina",
		"https://login.partner.microsoftonline.cn/":          "api://AzureADTokenExchangeChina",
		"https://127.0.0.1:16926/":                           "api://AzureADTokenExchange",
		"https://[::1]:16926/":                               "api://AzureADTokenExchange",
		"https://localhost:16926":                            "api://AzureADTokenExchange",
		"https://login.microsoftonline.eaglex.ic.gov/":       "",
		"https://login.microsoftonline.com.attacker.example": "",
		"https://login.contoso.example/":                     "",
	} {
		u, err := url.Parse(authority)
		require.NoError(t, err)
		require.Equal(t, want, exchangeAudience(u), authority)
	}
}

func TestIsTenant(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"7e000000-0000-4000-8000-00000000000a", "contoso.onmicrosoft.com", "t"} {
		require.True(t, isTenant(good), good)
	}
	for _, bad := range []string{"", "..", "a/b", "a b", "t\n", "common", "Organizations", "consumers", "a?b", "a%2fb", "ä"} {
		require.False(t, isTenant(bad), bad)
	}
}
