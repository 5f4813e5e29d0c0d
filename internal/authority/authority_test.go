package authority_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/authority"
)

func TestAudience(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"login.microsoftonline.com":        "api://AzureADTokenExchange",
		"LOGIN.microsoftonline.COM.":       "api://AzureADTokenExchange",
		"sts.windows.net":                  "api://AzureADTokenExchange",
		"login.microsoftonline.us":         "api://AzureADTokenExchangeUSGov",
		"login.partner.microsoftonline.cn": "api://AzureADTokenExchangeChina",
		"login.chinacloudapi.cn":           "api://AzureADTokenExchangeChina",
		"login.microsoftonline.de":         "",
		"evil-login.microsoftonline.com":   "",
		"":                                 "",
	} {
		require.Equal(t, want, authority.Audience(host), host)
	}
}
