package hosts

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

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
		"https://10.0.0.1/":                                  "",
		"https://imds.test/":                                 "api://AzureADTokenExchange",
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
