package integrations_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// TestTheAzureCLISignsIn runs az login --identity of Debian's azure-cli, which asks App Service in
// the version of 2017, and IMDS. It lists the subscriptions with its token before it believes it.
func TestTheAzureCLISignsIn(t *testing.T) {
	if _, err := exec.LookPath("az"); err != nil {
		t.Skip("needs the Azure CLI: apt-get install azure-cli")
	}
	appService := onSocket("App Service", (*imdstest.Server).AppService, []kind{byDefault, byClientID})
	for _, h := range []host{appService, imdsAtItsAddress} {
		t.Run(h.name, func(t *testing.T) {
			srv, env := h.start(t)
			at := site{h, srv, env}
			for _, k := range h.kinds {
				t.Run(string(k), func(t *testing.T) {
					t.Parallel()
					cli := newAzureCLI(t, at)
					if k == byDefault {
						cli.run(t, "login", "--identity", "--output=none")
					} else {
						cli.run(t, "login", "--identity", "--username", k.id(orders), "--output=none")
					}
					resource := resourceOf(t)
					token := cli.run(t, "account", "get-access-token", "--resource", resource, "--query=accessToken", "--output=tsv")
					requireToken(t, srv, strings.TrimSpace(token), resource, h.expected(env, k))
					for _, r := range at.requests(resource) {
						require.Equal(t, h.name, r.Host, "%v", r)
					}
				})
			}
		})
	}
}

// armResource is what the Azure CLI asks a token for to list subscriptions.
const armResource = "https://management.example.com/"

// An azureCLI is an Azure CLI that was never used before, in a cloud with a resource manager of its
// own.
type azureCLI struct{ environ []string }

func newAzureCLI(t *testing.T, at site) azureCLI {
	t.Helper()
	manager := httptest.NewTLSServer(at.srv.Protect(armResource, http.HandlerFunc(listSubscriptions)))
	t.Cleanup(manager.Close)
	dir := t.TempDir()
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		return file
	}
	write("clouds.config", fmt.Sprintf(`[fake]
endpoint_resource_manager = %[1]s
endpoint_management = %[1]s
endpoint_active_directory = %[2]s
endpoint_active_directory_resource_id = %[3]s
endpoint_active_directory_graph_resource_id = %[3]s
`, manager.URL, at.srv.URL, armResource))
	write("config", "[cloud]\nname = fake\n[core]\ncollect_telemetry = false\n[logging]\nenable_log_file = false\n")
	trusted := write("manager.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: manager.Certificate().Raw})))
	environ := append(at.env.Environ(), "AZURE_CONFIG_DIR="+dir, "REQUESTS_CA_BUNDLE="+trusted, "PYTHONDONTWRITEBYTECODE=1")
	if at.host.name == "App Service" {
		environ = append(environ, "APPSETTING_WEBSITE_SITE_NAME=shop") // by which it finds it
	}
	return azureCLI{environ}
}

func listSubscriptions(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/subscriptions" {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, `{"value":[{
		"id": "/subscriptions/50b00000-0000-4000-8000-000000000001",
		"subscriptionId": "50b00000-0000-4000-8000-000000000001",
		"tenantId": "`+imdstest.DefaultTenantID+`", "displayName": "shop", "state": "Enabled", "managedByTenants": []
	}]}`)
}

// run returns what the CLI wrote to stdout.
func (c azureCLI) run(t *testing.T, arguments ...string) string {
	t.Helper()
	az := exec.CommandContext(t.Context(), "az", arguments...)
	az.Env = c.environ
	var said bytes.Buffer
	az.Stderr = &said
	out, err := az.Output()
	require.NoError(t, err, "az %s: %s", strings.Join(arguments, " "), said.String())
	return string(out)
}
