package federate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

func TestNameFor(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 128) // the longest name of an identity
	for _, c := range []struct {
		name  string
		taken int
		want  string
	}{
		{"orders-worker", 0, "orders-worker"},
		{"orders-worker", 2, "orders-worker-3"},
		{"Orders worker (Söhne)", 0, "Orders-worker-S-hne"},
		{"_x_y_", 0, "x_y"},
		{"ab", 0, "identity-ab-0b000000"},
		{"日本", 0, "identity-0b000000"},
		{"", 1, "identity-0b000000-2"},
		{long, 0, long[:120]},
		{long, 1, long[:118] + "-2"},
		{long, 10, long[:117] + "-11"},
	} {
		asked := 0
		got := nameFor(graph.ServicePrincipal{ID: "0b000000-0000-4000-8000-000000000001", DisplayName: c.name}, func(string) bool {
			asked++
			return asked <= c.taken
		})
		require.Equal(t, c.want, got)
		require.NoError(t, CheckName(got))
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"abc", "a_-", "0b0", strings.Repeat("x", 120)} {
		require.NoError(t, CheckName(name))
	}
	for _, name := range []string{"", "ab", "-ab", "_ab", "a b", "a/b", "ä12", "a.b", strings.Repeat("x", 121)} {
		require.ErrorContains(t, CheckName(name), "use 3 to 120 letters", name)
	}
}

func TestCheckAudience(t *testing.T) {
	t.Parallel()
	for _, audience := range []string{"api://AzureADTokenExchange", "https://exchange.example", "urn:exchange", "7e000000-0000-4000-8000-000000000001"} {
		require.NoError(t, CheckAudience(audience), audience)
	}
	for _, audience := range []string{"", "exchange", "api://", "api://a b", "api://a\nb", "api://$(rm)", "api://'", "api://`x`", "api://ä", "api://" + strings.Repeat("x", 600)} {
		require.ErrorContains(t, CheckAudience(audience), "cannot be an audience", audience)
	}
}

func TestIsEntra(t *testing.T) {
	t.Parallel()
	const tenant = "7e000000-0000-4000-8000-000000000001"
	for issuer, want := range map[string]bool{
		"https://login.microsoftonline.com/" + tenant + "/v2.0":                   true,
		"https://login.microsoftonline.com/" + tenant + "/v2.0/":                  true,
		"https://login.microsoftonline.com/" + tenant:                             true,
		" HTTPS://LOGIN.MICROSOFTONLINE.COM/" + strings.ToUpper(tenant) + "/V2.0": true,
		"https://sts.windows.net/" + tenant + "/":                                 true,
		"https://login.microsoftonline.us/" + tenant + "/v2.0":                    true,
		"https://login.chinacloudapi.cn/" + tenant + "/v2.0":                      true,
		"https://login.microsoftonline.com/" + tenant[:35] + "2/v2.0":             false,
		"https://login.microsoftonline.com/" + tenant + "/v3.0":                   false,
		"https://login.microsoftonline.com.evil.example/" + tenant + "/v2.0":      false,
		"https://ib.oic.prod-aks.azure.com/" + tenant + "/x":                      false,
		"https://token.actions.githubusercontent.com":                             false,
		"::": false, "": false,
	} {
		require.Equal(t, want, isEntra(issuer, tenant), issuer)
	}
}
