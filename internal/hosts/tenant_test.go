package hosts_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Another tenant, silently ignored: azure-sdk-for-python 23080, azure-sdk-for-go 21653.
func TestAnotherTenant(t *testing.T) {
	t.Parallel()
	const own, other = "7e000000-0000-4000-8000-00000000000a", "7e000000-0000-4000-8000-00000000000b"
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	pod := func(tenant string) map[string]string {
		return map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client.Value}
	}
	token := "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"`+own+`"}`)) + ".s"
	for _, tc := range []struct {
		name   string
		env    map[string]string
		token  string
		wanted string
		asks   int
		ok     bool
	}{
		{"workload identity, none", pod(own), token, "", 1, true},
		{"workload identity, its own", pod(own), token, own, 1, true},
		{"workload identity, its own in capitals", pod(own), token, "7E000000-0000-4000-8000-00000000000A", 1, true},
		{"workload identity, another", pod(own), token, other, 0, false},
		{"workload identity of a domain, its own", pod("contoso.example"), token, own, 1, true},
		{"workload identity of a domain, another", pod("contoso.example"), token, other, 1, false},
		{"workload identity, a domain", pod(own), token, "contoso.example", 1, true},
		{"IMDS, its own", nil, token, own, 1, true},
		{"IMDS, another", nil, token, other, 1, false},
		{"IMDS, an opaque token", nil, "opaque", other, 1, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			asks := 0
			h, err := find(t, tc.env, hosts.ID{}, func(w http.ResponseWriter, _ *http.Request) {
				asks++
				_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_in":"3600"}`, tc.token)
			})
			require.NoError(t, err)
			got, err := h.Source.Token(t.Context(), hosts.Request{Resource: "https://r", Tenant: tc.wanted})
			require.Equal(t, tc.asks, asks)
			if tc.ok {
				require.NoError(t, err)
				require.Equal(t, tc.token, got.Token)
				return
			}
			require.Empty(t, got)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.False(t, f.Retry)
			require.ErrorContains(t, err, other)
			require.ErrorContains(t, err, own)
			require.Contains(t, f.Advice, "federation")
		})
	}
}
