package hosts_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	var (
		imds       = map[string]string(nil)
		appService = map[string]string{"IDENTITY_ENDPOINT": "http://localhost/msi/token", "IDENTITY_HEADER": "s3cr3t"}
		container  = map[string]string{"IDENTITY_ENDPOINT": "http://localhost/token?api-version=1.0", "IDENTITY_HEADER": "s3cr3t"}
		shell      = map[string]string{"MSI_ENDPOINT": "http://localhost/token"}
		pod        = map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}
		docker     = "connecting to 169.254.169.254:80: A socket operation was attempted to an unreachable network."
	)
	for _, tc := range []struct {
		name   string
		env    map[string]string
		status int
		body   string
		reason wire.Reason
		retry  bool
		advice string
	}{
		{"IMDS: not assigned", imds, 400, `{"error":"invalid_request","error_description":"Identity not found"}`, wire.IdentityNotFound, false, ""},
		{"IMDS: several", imds, 400, `{"error":"invalid_request","error_description":"Multiple user assigned identities exist, please specify"}`, wire.IdentityAmbiguous, false, ""},
		{"IMDS: Docker Desktop", imds, 403, docker, wire.NoEndpoint, false, ""},
		{"IMDS: 403 without a word", imds, 403, ``, wire.Unknown, false, ""},
		{"IMDS: 403 in JSON", imds, 403, `{}`, wire.Unknown, false, ""},
		{"IMDS: the words with another status", imds, 500, `{"error":"x","error_description":"Identity not found"}`, wire.Unknown, true, ""},
		{"App Service: not assigned", appService, 400, `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."}`, wire.IdentityNotFound, false, ""},
		{"App Service of old: not assigned", appService, 400, `{"StatusCode":400,"Message":"No MSI found for specified ClientId/ResourceId."}`, wire.IdentityNotFound, false, ""},
		{"App Service: no default", appService, 400, `{"statusCode":400,"message":"Unable to load the proper Managed Identity."}`, wire.IdentityNotFound, false, "system-assigned"},
		{"App Service: wrong secret", appService, 401, ``, wire.Unknown, false, "$IDENTITY_HEADER"},
		{"App Service: something else", appService, 400, `{"statusCode":400,"message":"no"}`, wire.Unknown, false, ""},
		{"App Service: a proxy", appService, 403, docker, wire.Unknown, false, ""},
		{"App Service: the words with another status", appService, 500, `{"statusCode":500,"message":"Unable to load the proper Managed Identity."}`, wire.Unknown, true, "AADSTS501051"},
		{"Cloud Shell: another audience", shell, 400, `{"error":{"code":"AudienceNotSupported","message":"Audience x is not a supported MSI token audience."}}`, wire.Unknown, false, "az login"},
		{"Cloud Shell: a proxy", shell, 403, docker, wire.Unknown, false, ""},
		{"azure-sdk-for-net 45547, on the host of the report", container, 404, `{"error":{"code":"DefaultIdentityNotDefined","message":"DefaultIdentityNotDefined ","details":[]}}`, wire.IdentityNotFound, false, "name a user-assigned one by its object id"},
		{"container instances: another code for no identity", container, 404, `{"error":{"code":"IdentityNotFound","message":"x","details":[]}}`, wire.IdentityNotFound, false, ""},
		{"container instances: 404 without a code", container, 404, ``, wire.Unknown, true, ""},
		{"container instances: 401, in whatever form", container, 401, `{"error":{"code":"x","message":"y"}}`, wire.Unknown, false, "$IDENTITY_HEADER"},
		{"container instances: 401 without a word", container, 401, ``, wire.Unknown, false, "$IDENTITY_HEADER"},
		{"container instances: 403", container, 403, `no`, wire.Unknown, false, ""},
		{"container instances: something else", container, 400, `{"error":{"code":"BadRequest","message":"no","details":[]}}`, wire.Unknown, false, ""},
		{"container instances: Entra's words", container, 400, `{"error":{"code":"invalid_resource","message":"AADSTS500011: The resource principal named https://x was not found"}}`, wire.Unknown, false, "App ID URI"},
		{"container instances: an outage", container, 500, `{"error":{"code":"DefaultIdentityNotDefined","message":"x"}}`, wire.Unknown, true, ""},
		{"container instances: throttled", container, 429, `slow down`, wire.Unknown, true, ""},
		{"azure-sdk-for-net 45547", imds, 404, `{"error":{"code":"DefaultIdentityNotDefined","message":"DefaultIdentityNotDefined ","details":[]}}`, wire.IdentityNotFound, false, ""},
		{"azure-sdk-for-net 45547, on another host", appService, 404, `{"error":{"code":"DefaultIdentityNotDefined","message":"x"}}`, wire.IdentityNotFound, false, ""},
		{"a code in OAuth's form", shell, 404, `{"error":"identity_not_found"}`, wire.IdentityNotFound, false, ""},
		{"azure-functions-host 9884", imds, 400, `{"error":"invalid_grant","error_description":"AADSTS501051: Application 'c'(orders-worker) is not assigned to a role for the application 'api://x'(orders-api)."}`, wire.Unknown, false, "aztoken grant"},
		{"azure-functions-host 9884, on App Service", appService, 400, `{"statusCode":400,"message":"AADSTS501051: Application 'c'(identity) is not assigned to a role for the application 'api://x'."}`, wire.Unknown, false, "aztoken grant"},
		{"azure-functions-host 9884, with a 500 that hides it", appService, 500, `{"statusCode":500,"message":"An unexpected error occured while fetching the AAD Token.","correlationId":"7bd50e5c"}`, wire.Unknown, true, "AADSTS501051"},
		{"MSAL .NET 6095: Conditional Access", imds, 400, `{"error":"invalid_grant","error_description":"AADSTS53003: Access has been blocked by Conditional Access policies."}`, wire.Unknown, false, "sign-in logs"},
		{"no such resource, in words alone", imds, 400, `{"error":"invalid_resource","error_description":"AADSTS500011: The resource principal named https://x was not found"}`, wire.Unknown, false, "App ID URI"},
		{"no such client, on IMDS", imds, 400, `{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'x' was not found in the directory 'y'."}`, wire.Unknown, false, "resource"},
		{"not an App ID URI", imds, 400, `{"error":"invalid_scope","error_description":"AADSTS70011: The provided value for the scope is not valid."}`, wire.Unknown, false, "App ID URI"},
		{"a number that is not known", imds, 400, `{"error":"invalid_grant","error_description":"AADSTS99999: Something."}`, wire.Unknown, false, "error?code=99999"},
		{"aad-pod-identity 838: NMI's prose", imds, 403, `failed to get service principal token, error: adal: Refresh request failed. Status Code = '400'. Response body: {"error":"invalid_request","error_description":"Identity not found"}`, wire.IdentityNotFound, false, ""},
		{"aad-pod-identity 880: NMI's prose with Entra's words", imds, 403, `failed to get service principal token, error: {"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'x' was not found"}`, wire.Unknown, false, "client id"},
		{"NMI before an assignment has arrived", imds, 404, `no azure identity found for request clientID x`, wire.IdentityNotFound, true, ""},
		{"a page that speaks of identities", imds, 404, `<html>Identity not found</html>`, wire.NoEndpoint, true, ""},
		{"several, in other words", shell, 400, `{"error":{"code":"x","message":"Multiple managed identities are assigned"}}`, wire.IdentityAmbiguous, false, ""},
		{"Entra: no such client", pod, 400, `{"error":"unauthorized_client","error_codes":[700016]}`, wire.IdentityNotFound, false, "client id"},
		{"Entra: no federated credential", pod, 401, `{"error":"invalid_client","error_codes":[70021]}`, wire.IdentityNotFound, true, "federated credential"},
		{"Entra: another issuer", pod, 401, `{"error":"invalid_client","error_codes":[700211]}`, wire.IdentityNotFound, true, "federated credential"},
		{"Entra: another audience", pod, 401, `{"error":"invalid_client","error_codes":[700212]}`, wire.IdentityNotFound, true, "federated credential"},
		{"Entra: another subject", pod, 401, `{"error":"invalid_client","error_codes":[700213]}`, wire.IdentityNotFound, true, "federated credential"},
		{"Entra: the subject's case", pod, 401, `{"error":"invalid_client","error_codes":[7002138]}`, wire.IdentityNotFound, false, "federated credential"},
		{"Entra: several codes", pod, 401, `{"error":"invalid_client","error_codes":[50000,70021]}`, wire.IdentityNotFound, true, "federated credential"},
		{"Entra: an old assertion", pod, 401, `{"error":"invalid_client","error_codes":[700024]}`, wire.Unknown, true, "expired"},
		{"Entra: another tenant", pod, 400, `{"error":"invalid_request","error_codes":[90002]}`, wire.Unknown, false, "$AZURE_TENANT_ID"},
		{"Entra: blocked by a policy", pod, 400, `{"error":"invalid_grant","error_codes":[53003]}`, wire.Unknown, false, "sign-in logs"},
		{"Entra: a portal", pod, 200, `<html>`, wire.Unknown, false, "HTTPS_PROXY"},
		{"Entra: a proxy", pod, 407, `<html>Who are you?</html>`, wire.Unknown, false, "HTTPS_PROXY"},
		{"Entra: a captive portal", pod, 403, `<html>`, wire.Unknown, false, "HTTPS_PROXY"},
		{"Entra: away", pod, 503, `{"error":"temporarily_unavailable","error_codes":[90033]}`, wire.Unknown, true, "status.azure.com"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h, err := find(t, tc.env, hosts.ID{}, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			require.NoError(t, err)
			_, err = h.Source.Token(t.Context(), request)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, tc.status, f.StatusCode)
			require.Equal(t, tc.reason, f.Reason)
			require.Equal(t, tc.retry, f.Retry)
			if tc.advice == "" {
				require.Empty(t, f.Advice)
			}
			require.Contains(t, f.Advice, tc.advice)
		})
	}
}

// TestExplainEntra: Entra's text is not taken for a proxy's.
func TestExplainEntra(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	pod := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}
	for body, status := range map[string]int{`{"error":"invalid_request","error_codes":[90002]}`: 400, `<html>`: 503} {
		h, err := find(t, pod, hosts.ID{}, answer(status, body))
		require.NoError(t, err)
		_, err = h.Source.Token(t.Context(), request)
		var f *wire.Failure
		require.ErrorAs(t, err, &f)
		require.NotContains(t, f.Advice, "HTTPS_PROXY")
	}
}

// TestExplainAbsent: if nothing listens, the advice is about what names the endpoint.
func TestExplainAbsent(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	const nobody = "127.0.0.1:1"
	for _, tc := range []struct {
		kind   hosts.Kind
		env    map[string]string
		advice string
	}{
		{hosts.IMDS, map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://" + nobody}, ""},
		{hosts.AppService, map[string]string{"IDENTITY_ENDPOINT": "http://" + nobody, "IDENTITY_HEADER": "x"}, "$IDENTITY_ENDPOINT"},
		{hosts.ContainerInstances, map[string]string{"IDENTITY_ENDPOINT": "http://" + nobody + "?api-version=1.0", "IDENTITY_HEADER": "x"}, "in a virtual network"},
		{hosts.ServiceFabric, map[string]string{"IDENTITY_ENDPOINT": "https://" + nobody, "IDENTITY_HEADER": "x", "IDENTITY_SERVER_THUMBPRINT": "00112233445566778899AABBCCDDEEFF00112233"}, "$IDENTITY_ENDPOINT"},
		{hosts.AzureML, map[string]string{"MSI_ENDPOINT": "http://" + nobody, "MSI_SECRET": "x"}, "$MSI_ENDPOINT"},
		{hosts.CloudShell, map[string]string{"MSI_ENDPOINT": "http://" + nobody}, "$MSI_ENDPOINT"},
		{hosts.AzureArc, map[string]string{"IDENTITY_ENDPOINT": "http://" + nobody, "IMDS_ENDPOINT": "x"}, "azcmagent"},
		{hosts.WorkloadIdentity, map[string]string{"AZURE_AUTHORITY_HOST": "https://" + nobody, "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}, ""},
	} {
		t.Run(string(tc.kind), func(t *testing.T) {
			t.Parallel()
			h, err := find(t, tc.env, hosts.ID{}, nil)
			require.NoError(t, err)
			require.Equal(t, tc.kind, h.Kind)
			_, err = h.Source.Token(t.Context(), request)
			var f *wire.Failure
			require.ErrorAs(t, err, &f)
			require.True(t, f.Retry)
			require.Equal(t, tc.kind != hosts.WorkloadIdentity, f.Unreachable, "that the internet is away says nothing about the identity")
			require.Contains(t, f.Advice, tc.advice)
			require.Equal(t, tc.kind == hosts.IMDS, f.Advice == "" && f.Unreachable)
		})
	}
}
