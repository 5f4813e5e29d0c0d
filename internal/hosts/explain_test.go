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

func TestAFailureIsExplainedInTheTermsOfItsHost(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	var (
		imds       = map[string]string(nil)
		appService = map[string]string{"IDENTITY_ENDPOINT": "http://localhost/msi/token", "IDENTITY_HEADER": "s3cr3t"}
		shell      = map[string]string{"MSI_ENDPOINT": "http://localhost/token"}
		pod        = map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"}
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
		{"App Service: a proxy", appService, 403, docker, wire.NoEndpoint, false, ""},
		{"App Service: the words with another status", appService, 500, `{"statusCode":500,"message":"Unable to load the proper Managed Identity."}`, wire.Unknown, true, ""},
		{"Cloud Shell: another audience", shell, 400, `{"error":{"code":"AudienceNotSupported","message":"Audience x is not a supported MSI token audience."}}`, wire.Unknown, false, "azidentity"},
		{"Cloud Shell: a proxy", shell, 403, docker, wire.NoEndpoint, false, ""},
		{"Entra: no such client", pod, 400, `{"error":"unauthorized_client","error_codes":[700016]}`, wire.IdentityNotFound, false, "client id"},
		{"Entra: no federated credential", pod, 401, `{"error":"invalid_client","error_codes":[70021]}`, wire.IdentityNotFound, false, "federated credential"},
		{"Entra: another issuer", pod, 401, `{"error":"invalid_client","error_codes":[700211]}`, wire.IdentityNotFound, false, "federated credential"},
		{"Entra: another audience", pod, 401, `{"error":"invalid_client","error_codes":[700212]}`, wire.IdentityNotFound, false, "federated credential"},
		{"Entra: another subject", pod, 401, `{"error":"invalid_client","error_codes":[700213]}`, wire.IdentityNotFound, false, "federated credential"},
		{"Entra: the subject's case", pod, 401, `{"error":"invalid_client","error_codes":[7002138]}`, wire.IdentityNotFound, false, "federated credential"},
		{"Entra: several codes", pod, 401, `{"error":"invalid_client","error_codes":[50000,70021]}`, wire.IdentityNotFound, false, "federated credential"},
		{"Entra: an old assertion", pod, 401, `{"error":"invalid_client","error_codes":[700024]}`, wire.Unknown, false, "expired"},
		{"Entra: another tenant", pod, 400, `{"error":"invalid_request","error_codes":[90002]}`, wire.Unknown, false, "$AZURE_TENANT_ID"},
		{"Entra: blocked by a policy", pod, 400, `{"error":"invalid_grant","error_codes":[53003]}`, wire.Unknown, false, "sign-in logs"},
		{"Entra: a portal", pod, 200, `<html>`, wire.Unknown, false, "HTTPS_PROXY"},
		{"Entra: a proxy", pod, 407, `<html>Who are you?</html>`, wire.Unknown, false, "HTTPS_PROXY"},
		{"Entra: a captive portal", pod, 403, `<html>`, wire.Unknown, false, "HTTPS_PROXY"},
		{"Entra: away", pod, 503, `{"error":"temporarily_unavailable","error_codes":[90033]}`, wire.Unknown, true, ""},
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

func TestWhatEntraSaysIsNotBlamedOnAProxy(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	pod := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"}
	for body, status := range map[string]int{`{"error":"invalid_request","error_codes":[90002]}`: 400, `<html>`: 503} {
		h, err := find(t, pod, hosts.ID{}, answer(status, body))
		require.NoError(t, err)
		_, err = h.Source.Token(t.Context(), request)
		var f *wire.Failure
		require.ErrorAs(t, err, &f)
		require.NotContains(t, f.Advice, "HTTPS_PROXY")
	}
}

func TestWhereNothingListensTheAdviceIsAboutWhatNamesTheEndpoint(t *testing.T) {
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
		{hosts.ServiceFabric, map[string]string{"IDENTITY_ENDPOINT": "https://" + nobody, "IDENTITY_HEADER": "x", "IDENTITY_SERVER_THUMBPRINT": "00112233445566778899AABBCCDDEEFF00112233"}, "$IDENTITY_ENDPOINT"},
		{hosts.AzureML, map[string]string{"MSI_ENDPOINT": "http://" + nobody, "MSI_SECRET": "x"}, "$MSI_ENDPOINT"},
		{hosts.CloudShell, map[string]string{"MSI_ENDPOINT": "http://" + nobody}, "$MSI_ENDPOINT"},
		{hosts.AzureArc, map[string]string{"IDENTITY_ENDPOINT": "http://" + nobody, "IMDS_ENDPOINT": "x"}, "azcmagent"},
		{hosts.WorkloadIdentity, map[string]string{"AZURE_AUTHORITY_HOST": "https://" + nobody, "AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"}, ""},
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
