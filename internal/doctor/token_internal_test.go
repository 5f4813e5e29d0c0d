package doctor

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"
)

// FuzzReadToken checks what an endpoint's token can put into the report: short words of printable
// ASCII, and times that exist.
func FuzzReadToken(f *testing.F) {
	for _, payload := range []string{
		`{"oid":"o","azp":"c","tid":"t","roles":["r"],"iat":1709809297,"nbf":1709809297,"exp":1709895997}`, `{"appid":"c","roles":["\u001b[31m",""],"exp":1e300}`,
		`{"oid":1,"roles":"r","iat":-1}`, `{"roles":[null,"é"],"tid":"\u009b"}`, `null`, `[]`, ``,
	} {
		f.Add(payload)
	}
	now := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, payload string) {
		got := readToken(azcore.AccessToken{Token: "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"})
		for _, word := range append([]string{got.objectID, got.clientID, got.tenantID}, got.roles...) {
			require.Regexp(t, "^[ -~]{0,60}$", word)
		}
		for _, at := range []time.Time{got.issued, got.notBefore, got.expires} {
			require.True(t, at.IsZero() || at.Year() >= 1970 && at.Year() <= 9999)
		}
		for _, check := range []Check{judgeRole("wanted", got, true, now), judgeRole("wanted", got, false, now), judgeRole("", got, true, now), judgeClock(answer{at: now}, got, now)} {
			require.Regexp(t, "^[ -~]*$", check.Detail+check.Fix)
		}
	})
}

func TestNoIDType(t *testing.T) {
	t.Parallel()
	for audience, told := range map[string]bool{
		"https://orders.example.com": true, "api://c0000000-0000-4000-8000-000000000001": true, "c0000000-0000-4000-8000-000000000001": true, "https://notazure.com": true,
		"https://vault.azure.net": false, "https://management.azure.com/": false, "https://graph.microsoft.com": false, "https://storage.azure.com": false,
		"https://database.windows.net/": false, "00000003-0000-0000-c000-000000000000": false, "00000002-0000-0000-c000-000000000000": false, "": false,
	} {
		require.Equal(t, told, noIDType(audience, token{readable: true, audience: audience}) != "", audience)
		require.Empty(t, noIDType(audience, token{readable: true, audience: audience, idtyp: true}))
		require.Empty(t, noIDType(audience, token{audience: audience}), "opaque")
	}
	for _, audience := range []string{"api://AzureADTokenExchange", "api://AzureADTokenExchangeUSGov", "api://AzureADTokenExchangeChina"} {
		for _, written := range []string{audience, "fb60f99c-7a34-4190-8149-302f77469936"} {
			require.Empty(t, noIDType(audience, token{readable: true, audience: written}), "an assertion")
		}
	}
}
