package hosts_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Public reports of 2024 to 2026, each replayed. The answers are shaped as the report tells,
// without its names and ids.
func TestReports(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	const id = "7bd50e5c-0000-4000-8000-000000000001"
	pod := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "7e000000-0000-4000-8000-000000000001", "AZURE_CLIENT_ID": client.Value}
	app := map[string]string{"IDENTITY_ENDPOINT": "http://localhost:42356/msi/token", "IDENTITY_HEADER": "x", "MSI_ENDPOINT": "http://localhost:42356/msi/token", "MSI_SECRET": "x"}
	ml := map[string]string{"MSI_ENDPOINT": "http://127.0.0.1:46808/MSI/auth", "MSI_SECRET": "x", "DEFAULT_IDENTITY_CLIENT_ID": client.Value}
	arc := map[string]string{"IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity/oauth2/token", "IMDS_ENDPOINT": "http://localhost:40342"}
	for _, tc := range []struct {
		report string
		env    map[string]string
		id     hosts.ID
		status int
		header [2]string
		body   string
		reason wire.Reason
		retry  bool
		shows  string // in the message of the failure
		advice string
	}{
		{report: "AKS 4029 (2024): Entra cannot reach the issuer for a moment", env: pod, status: 400, retry: true, advice: "openid-configuration",
			body: `{"error":"invalid_request","error_description":"AADSTS501661: Request to External OIDC endpoint failed. Trace ID: x","error_codes":[501661]}`},
		{report: "azure-cli 28863 (2024): the same, by its other number", env: pod, status: 400, retry: true, advice: "openid-configuration",
			body: `{"error":"invalid_request","error_description":"AADSTS50166: Request to External OIDC endpoint failed.","error_codes":[50166]}`},
		{report: "azure-sdk-for-net 43691 (2024): a function with user-assigned identities only", env: app, status: 400, header: [2]string{"X-CORRELATION-ID", id},
			body: `{"statusCode":400,"message":"Unable to load the proper Managed Identity.","correlationId":"` + id + `"}`, reason: wire.IdentityNotFound, shows: id, advice: "user-assigned"},
		{report: "azure-sdk-for-net 44685 (2024): App Service cannot get a token", env: app, status: 500, retry: true, shows: id, advice: "AADSTS501051",
			body: `{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token.","correlationId":"` + id + `"}`},
		{report: "bicep-ptn-aiml-landing-zone 39 (2026): a firewall before Container Apps", env: app, status: 500, retry: true, advice: "firewall",
			body: `{"message":"An unexpected error occured while fetching the AAD Token"}`},
		{report: "azure-sdk-for-js 39566 (2026): a header of an earlier start", env: app, status: 401, advice: "$IDENTITY_HEADER"},
		{report: "azure-sdk-for-python 33694 (2024): a compute instance that signs its user in", env: ml, status: 400, shows: "SSO failure", advice: "assign a managed identity",
			body: `SSO failure: unable to retrieve a token. Error Token service my-compute01. Token not found`},
		{report: "azure-sdk-for-net 46932 (2024): an Azure ML job without its secret", env: ml, status: 400, shows: "Invalid secret", advice: "$MSI_SECRET",
			body: `Invalid secret token header: .`},
		{report: "azure-sdk-for-rust 1585 (2024): Docker Desktop in other words", status: 403, reason: wire.NoEndpoint, shows: "unreachable host",
			body: `connecting to 169.254.169.254:80: connecting to 169.254.169.254:80: dial tcp 169.254.169.254:80: connectex: A socket operation was attempted to an unreachable host.`},
		{report: "terraform-provider-azapi 551 (2024): a hosted build agent is a VM without an identity", status: 400, reason: wire.IdentityNotFound,
			body: `{"error":"invalid_request","error_description":"Identity not found"}`},
		{report: "azure-storage-azcopy 2665 (2024): a variable of another tool", env: map[string]string{"AZCOPY_MSI_CLIENT_ID": client.Value}, status: 400, reason: wire.IdentityNotFound, advice: "$AZCOPY_MSI_CLIENT_ID",
			body: `{"error":"invalid_request","error_description":"Identity not found"}`},
		{report: "velero 8348 (2024): several identities, and a variable that is not read", env: map[string]string{"AZURE_CLIENT_ID": client.Value}, status: 400, reason: wire.IdentityAmbiguous, advice: "$AZURE_CLIENT_ID is set",
			body: `{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request"}`},
		{report: "dotnet/sign 1012 (2026): the id that IMDS gives a request", status: 400, header: [2]string{"x-ms-request-id", id}, reason: wire.IdentityNotFound, shows: id,
			body: `{"error":"invalid_request","error_description":"Identity not found"}`},
		{report: "external-dns 4149 (2024): pod identity does not know of the assignment yet", id: client, status: 404, reason: wire.IdentityNotFound, retry: true,
			body: `no azure identity found for request clientID c0000000-0000-4000-8000-00000000000a`},
		{report: "external-dns 4418 (2024): a placeholder for a tenant", env: pod, status: 400, advice: "$AZURE_TENANT_ID",
			body: `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'x' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.","error_codes":[90002]}`},
		{report: "keda 5824 (2024): an object id for a client id", env: pod, status: 400, reason: wire.IdentityNotFound, advice: "client id",
			body: `{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'x' was not found in the directory 'y'.","error_codes":[700016]}`},
		{report: "azure-sdk-for-python 44488 (2025): an assertion whose time is over", env: pod, status: 401, retry: true, shows: "written", advice: "kubelet",
			body: `{"error":"invalid_client","error_description":"AADSTS700024: Client assertion is not within its valid time range. Current time: 2025-12-19T16:45:40.0186934Z, expiry time of assertion 2025-12-19T13:58:00.0000000Z.","error_codes":[700024]}`},
		{report: "risingwave 17123 (2024): the same, as its text alone", env: pod, status: 401, retry: true, shows: "written", advice: "kubelet",
			body: `{"error":"invalid_client","error_description":"AADSTS700024: Client assertion is not within its valid time range."}`},
		{report: "microsoft-authentication-library-for-python 962 (2026): Arc refuses an id before its challenge", env: arc, id: client, status: 400, reason: wire.IdentityNotFound, shows: "Identity not found",
			body: `{"error":"invalid_request","error_description":"Identity not found"}`},
		{report: "microsoft-authentication-library-for-dotnet 4998 (2024): IMDS is gone for a minute", status: 410, retry: true},
		{report: "microsoft-authentication-library-for-js 7100 (2024): a refusal without a word", status: 400, shows: "400 Bad Request"},
	} {
		t.Run(tc.report, func(t *testing.T) {
			t.Parallel()
			h, err := find(t, tc.env, tc.id, func(w http.ResponseWriter, r *http.Request) {
				if tc.header[0] != "" {
					w.Header().Set(tc.header[0], tc.header[1])
				}
				answer(tc.status, tc.body)(w, r)
			})
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, tc.reason, f.Reason)
			require.Equal(t, tc.retry, f.Retry)
			require.ErrorContains(t, err, tc.shows)
			require.Contains(t, f.Advice, tc.advice)
		})
	}
	t.Run("microsoft-authentication-library-for-js 7597 (2025): Azure ML is found by its variables", func(t *testing.T) {
		t.Parallel()
		h, err := find(t, ml, hosts.ID{}, func(w http.ResponseWriter, r *http.Request) {
			// azure-sdk-for-net 49174 (2025): by the parameter of its version, and no other.
			require.Equal(t, client.Value, r.URL.Query().Get("clientid"))
			require.False(t, r.URL.Query().Has("client_id"))
			answer(200, good)(w, r)
		})
		require.NoError(t, err)
		require.Equal(t, hosts.AzureML, h.Kind)
		_, err = h.Source.Token(t.Context(), request)
		require.NoError(t, err)
	})
	t.Run("azure-container-apps 1350 (2024): a container app is not asked at 169.254.169.254", func(t *testing.T) {
		t.Parallel()
		h, err := find(t, app, hosts.ID{}, nil)
		require.NoError(t, err)
		require.Equal(t, "http://localhost:42356/msi/token", h.Endpoint)
	})
	t.Run("azure-docs 122273 (2024): a host with two of three variables has IMDS", func(t *testing.T) {
		t.Parallel()
		env := map[string]string{"IDENTITY_API_VERSION": "2020-05-01", "IDENTITY_SERVER_THUMBPRINT": strings.Repeat("0", 40), "IDENTITY_HEADER": "x"}
		h, err := find(t, env, hosts.ID{}, nil)
		require.NoError(t, err)
		require.Equal(t, hosts.IMDS, h.Kind)
	})
	t.Run("opendal 7309 (2026): Unix seconds in a string", func(t *testing.T) {
		t.Parallel()
		h, err := find(t, nil, hosts.ID{}, answer(200, `{"access_token":"token","expires_on":"4102444800","expires_in":"86399"}`))
		require.NoError(t, err)
		got, err := h.Source.Token(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, "token", got.Token)
	})
	for report, tc := range map[string]struct {
		id   hosts.ID
		want string
	}{
		"azure-storage-fuse 1469 (2024): the resource id of the storage account": {hosts.ID{Kind: hosts.ResourceID, Value: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"}, "not the resource id of a user-assigned identity"},
		"velero 8324 (2024): an empty client id":                                 {hosts.ID{Kind: hosts.ClientID}, "Options.ID: empty"},
	} {
		t.Run(report, func(t *testing.T) {
			t.Parallel()
			_, err := find(t, nil, tc.id, nil)
			require.ErrorContains(t, err, tc.want)
		})
	}
	for report, tc := range map[string]struct {
		env    map[string]string
		advice string
	}{
		"azure-functions-host 11058 (2025): nothing listens where App Service says": {map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1:1/msi/token/", "IDENTITY_HEADER": "x"}, "not up yet"},
		"azure-cli 33567 (2026): a container on a machine of Azure Arc":             {map[string]string{"IDENTITY_ENDPOINT": "http://127.0.0.1:1/token", "IMDS_ENDPOINT": "http://127.0.0.1:1"}, "network of the host"},
	} {
		t.Run(report, func(t *testing.T) {
			t.Parallel()
			h, err := find(t, tc.env, hosts.ID{}, nil)
			require.NoError(t, err)
			require.True(t, h.Named, "so it is tried for 75 s")
			_, err = h.Source.Token(t.Context(), request)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.True(t, f.Unreachable && f.Retry)
			require.Contains(t, f.Advice, tc.advice)
		})
	}
}
