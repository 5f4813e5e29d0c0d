package hosts_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// TestSourceClose: a closed source holds no connection.
func TestSourceClose(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	for kind, env := range map[hosts.Kind]func(address string) map[string]string{
		hosts.IMDS: func(a string) map[string]string { return map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": a} },
		hosts.ContainerInstances: func(a string) map[string]string {
			return map[string]string{"IDENTITY_ENDPOINT": a + "?api-version=1.0", "IDENTITY_HEADER": "x"}
		},
		hosts.CloudShell: func(a string) map[string]string { return map[string]string{"MSI_ENDPOINT": a} },
		hosts.AzureArc: func(a string) map[string]string {
			return map[string]string{"IDENTITY_ENDPOINT": a, "IMDS_ENDPOINT": a}
		},
		hosts.WorkloadIdentity: func(a string) map[string]string {
			return map[string]string{"AZURE_AUTHORITY_HOST": a, "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			closed := make(chan struct{}, 1)
			srv := httptest.NewUnstartedServer(answer(http.StatusOK, good))
			srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateClosed {
					closed <- struct{}{}
				}
			}
			start := srv.Start
			if kind == hosts.WorkloadIdentity {
				start = srv.StartTLS
			}
			start()
			defer srv.Close()
			variables := env(srv.URL)
			cfg := hosts.Config{Getenv: func(name string) string { return variables[name] }, Module: "aztoken", Version: "v0.0.1"}
			cfg.Options.Transport = &http.Client{Transport: srv.Client().Transport.(*http.Transport)}
			h, err := hosts.Find(cfg)
			require.NoError(t, err)
			require.Equal(t, kind, h.Kind)
			_, _ = h.Source.Token(t.Context(), request) // of Arc the first request alone
			h.Source.Close()
			select {
			case <-closed:
			case <-time.After(5 * time.Second): // before an idle connection ends by itself
				t.Error("a connection is left")
			}
		})
	}
}
