package entra_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/entra"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestCloud(t *testing.T) {
	t.Parallel()
	found := map[verify.Cloud]bool{}
	for _, name := range entra.Clouds() {
		cloud, ok := entra.Cloud(name)
		require.True(t, ok, name)
		found[cloud] = true
	}
	require.Len(t, found, 3)
	for _, name := range []string{"", "Public", "germany"} {
		_, ok := entra.Cloud(name)
		require.False(t, ok, name)
	}
}

// The commands accept what package verify accepts: its errors name options, theirs name flags.
func TestVerifyTakesTheSame(t *testing.T) {
	t.Parallel()
	takes := func(audience, authority string) bool {
		v, err := verify.New(&verify.Options{
			Audiences: []string{audience}, Tenants: []string{"aaaaaaaa-0000-4000-8000-000000000000"}, Authority: authority,
		})
		if err == nil {
			require.NoError(t, v.Close())
		}
		return err == nil
	}
	for _, audience := range []string{
		"api://orders", "https://orders.example", "https://orders.example/", "aaaaaaaa-0000-4000-8000-000000000000", "", "/", "a b",
		"https://orders.example//", "api://orders/.default", "{audience}", "<audience>",
	} {
		require.Equal(t, takes(audience, ""), entra.IsAudience(audience), audience)
	}
	for _, authority := range []string{
		"https://login.example", "https://login.example/path", "http://127.0.0.1:16926", "http://localhost", "http://login.example",
		"https://user@login.example", "https://login.example?a=b", "https://login.example#a", "login.example", "ftp://login.example", "https://",
	} {
		require.Equal(t, takes("api://orders", authority), entra.IsAuthority(authority), authority)
	}
}
