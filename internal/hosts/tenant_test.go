package hosts_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
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
	bound := func(tenant string) map[string]string {
		env := pod(tenant)
		env["AZURE_KUBERNETES_TOKEN_PROXY"] = "https://kubernetes.default"
		return env
	}
	of := func(tenant string) string {
		return "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"`+tenant+`"}`)) + ".s"
	}
	token := of(own)
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
		{"workload identity, another of a multi-tenant app", pod(own), of(other), other, 1, true},
		{"workload identity, another, and it is not heeded", pod(own), token, other, 1, false},
		{"an identity binding, none", bound(own), token, "", 1, true},
		{"an identity binding, another", bound(own), token, other, 0, false},
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
			h, err := find(t, tc.env, hosts.ID{}, func(w http.ResponseWriter, r *http.Request) {
				asks++
				if tc.env != nil && tc.wanted != "" {
					assert.Equal(t, "/"+tc.wanted+"/oauth2/v2.0/token", r.URL.Path)
				}
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

// TestTenantMistakes: text that is not a tenant is not sent.
func TestTenantMistakes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	env := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "contoso.example", "AZURE_CLIENT_ID": client.Value}
	h, err := find(t, env, hosts.ID{}, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	require.NoError(t, err)
	for _, wanted := range []string{"..", "a/b", "common", "Organizations", "a?b"} {
		_, err := h.Source.Token(t.Context(), hosts.Request{Resource: "https://r", Tenant: wanted})
		var f *wire.Failure
		require.ErrorAs(t, err, &f, wanted)
		require.False(t, f.Retry)
		require.ErrorContains(t, err, wanted)
		require.NotEmpty(t, f.Advice)
	}
}

// TestTenantWithoutTheApp: Entra's refusal comes with what an administrator of that tenant must do.
func TestTenantWithoutTheApp(t *testing.T) {
	t.Parallel()
	const own, other = "7e000000-0000-4000-8000-00000000000a", "7e000000-0000-4000-8000-00000000000b"
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	env := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": own, "AZURE_CLIENT_ID": client.Value}
	for code, isMissing := range map[int]bool{700016: true, 7000229: true, 500011: false} {
		h, err := find(t, env, hosts.ID{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error":"unauthorized_client","error_codes":[%d]}`, code)
		})
		require.NoError(t, err)
		for wanted, isOther := range map[string]bool{other: true, own: false, strings.ToUpper(own): false, "": false} {
			_, err = h.Source.Token(t.Context(), hosts.Request{Resource: "https://r", Tenant: wanted})
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, isMissing, f.Reason == wire.IdentityNotFound, code)
			require.Equal(t, isMissing && isOther, strings.Contains(f.Advice, "leave the tenant out"), f.Advice)
			require.Equal(t, isMissing && isOther, strings.Contains(f.Advice, other), f.Advice)
		}
	}
}
