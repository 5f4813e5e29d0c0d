package hosts_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

const good = `{"access_token":"token","expires_in":"3600","client_id":"C0000000-0000-4000-8000-00000000000A","object_id":"0b000000-0000-4000-8000-00000000000a","msi_res_id":"/Subscriptions/s"}`

var (
	client = hosts.ID{Kind: hosts.ClientID, Value: "c0000000-0000-4000-8000-00000000000a"}
	object = hosts.ID{Kind: hosts.ObjectID, Value: "0b000000-0000-4000-8000-00000000000a"}
	arm    = hosts.ID{Kind: hosts.ResourceID, Value: "/subscriptions/s"}
)

// transport answers without a network.
type transport http.HandlerFunc

func (h transport) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h(w, r)
	return w.Result(), nil
}

// find returns the host of an environment.
func find(t *testing.T, env map[string]string, id hosts.ID, answer http.HandlerFunc) (hosts.Host, error) {
	t.Helper()
	cfg := hosts.Config{Getenv: func(name string) string { return env[name] }, ID: id, Module: "aztoken", Version: "v0.0.1"}
	if answer != nil {
		cfg.Options.Transport = transport(answer)
	}
	h, err := hosts.Find(cfg)
	if err == nil {
		t.Cleanup(h.Source.Close)
	}
	return h, err
}

// request asks for a token without any options.
var request = hosts.Request{Resource: "https://r"}

// diff is an assert.TestingT that keeps what a failed assertion prints.
type diff struct{ printed *string }

func (d diff) Errorf(format string, args ...any) { *d.printed += fmt.Sprintf(format, args...) }

func TestRequests(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("the.federated.token\n"), 0o600))
	appService := map[string]string{"IDENTITY_ENDPOINT": "http://localhost:8081/msi/token", "IDENTITY_HEADER": "s3cr3t", "MSI_ENDPOINT": "http://old", "MSI_SECRET": "old"}
	container := map[string]string{"IDENTITY_ENDPOINT": "http://10.92.0.12:2377/metadata/identity/oauth2/token?api-version=1.0", "IDENTITY_HEADER": "s3cr3t"}
	ml := map[string]string{"MSI_ENDPOINT": "http://127.0.0.1:46808/MSI/auth", "MSI_SECRET": "s3cr3t"}
	mlDefault := map[string]string{"MSI_ENDPOINT": "http://127.0.0.1:46808/MSI/auth", "MSI_SECRET": "s3cr3t", "DEFAULT_IDENTITY_CLIENT_ID": "c0000000-0000-4000-8000-00000000000c"}
	pod := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "some-tenant", "AZURE_CLIENT_ID": "c0000000-0000-4000-8000-00000000000b"}
	china := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "some-tenant", "AZURE_CLIENT_ID": "c0000000-0000-4000-8000-00000000000b", "AZURE_AUTHORITY_HOST": "https://login.chinacloudapi.cn/"}
	assertion := "client_assertion=the.federated.token&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
	for _, tc := range []struct {
		name        string
		env         map[string]string
		id          hosts.ID
		method, url string
		header      [2]string
		body        string
	}{
		{"IMDS", nil, hosts.ID{}, "GET", "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"IMDS, client id", nil, client, "GET", "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&client_id=c0000000-0000-4000-8000-00000000000a&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"IMDS, object id", nil, object, "GET", "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&object_id=0b000000-0000-4000-8000-00000000000a&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"IMDS, resource id", nil, arm, "GET", "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&msi_res_id=%2Fsubscriptions%2Fs&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"App Service", appService, hosts.ID{}, "GET", "http://localhost:8081/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fr", [2]string{"X-Identity-Header", "s3cr3t"}, ""},
		{"App Service, client id", appService, client, "GET", "http://localhost:8081/msi/token?api-version=2019-08-01&client_id=c0000000-0000-4000-8000-00000000000a&resource=https%3A%2F%2Fr", [2]string{"X-Identity-Header", "s3cr3t"}, ""},
		{"App Service, object id", appService, object, "GET", "http://localhost:8081/msi/token?api-version=2019-08-01&object_id=0b000000-0000-4000-8000-00000000000a&resource=https%3A%2F%2Fr", [2]string{"X-Identity-Header", "s3cr3t"}, ""},
		{"App Service, resource id", appService, arm, "GET", "http://localhost:8081/msi/token?api-version=2019-08-01&mi_res_id=%2Fsubscriptions%2Fs&resource=https%3A%2F%2Fr", [2]string{"X-Identity-Header", "s3cr3t"}, ""},
		{"container instances", container, hosts.ID{}, "GET", "http://10.92.0.12:2377/metadata/identity/oauth2/token?api-version=1.0&resource=https%3A%2F%2Fr", [2]string{"Secret", "s3cr3t"}, ""},
		{"container instances, object id", container, object, "GET", "http://10.92.0.12:2377/metadata/identity/oauth2/token?api-version=1.0&principalId=0b000000-0000-4000-8000-00000000000a&resource=https%3A%2F%2Fr", [2]string{"Secret", "s3cr3t"}, ""},
		{"container instances with more in their query", map[string]string{"IDENTITY_ENDPOINT": "http://10.92.0.12:2377/token?Api-Version=1.1&slot=1&resource=own&principalId=own", "IDENTITY_HEADER": "s3cr3t"}, object, "GET", "http://10.92.0.12:2377/token?Api-Version=1.1&principalId=0b000000-0000-4000-8000-00000000000a&resource=https%3A%2F%2Fr&slot=1", [2]string{"Secret", "s3cr3t"}, ""},
		{"Azure ML", ml, hosts.ID{}, "GET", "http://127.0.0.1:46808/MSI/auth?api-version=2017-09-01&resource=https%3A%2F%2Fr", [2]string{"Secret", "s3cr3t"}, ""},
		{"Azure ML, its default", mlDefault, hosts.ID{}, "GET", "http://127.0.0.1:46808/MSI/auth?api-version=2017-09-01&clientid=c0000000-0000-4000-8000-00000000000c&resource=https%3A%2F%2Fr", [2]string{"Secret", "s3cr3t"}, ""},
		{"Azure ML, client id", mlDefault, client, "GET", "http://127.0.0.1:46808/MSI/auth?api-version=2017-09-01&clientid=c0000000-0000-4000-8000-00000000000a&resource=https%3A%2F%2Fr", [2]string{"Secret", "s3cr3t"}, ""},
		{"Cloud Shell", map[string]string{"MSI_ENDPOINT": "http://localhost:50342/oauth2/token"}, hosts.ID{}, "POST", "http://localhost:50342/oauth2/token", [2]string{"Metadata", "true"}, "resource=https%3A%2F%2Fr"},
		{"workload identity", pod, hosts.ID{}, "POST", "https://login.microsoftonline.com/some-tenant/oauth2/v2.0/token", [2]string{}, assertion + "&client_id=c0000000-0000-4000-8000-00000000000b&grant_type=client_credentials&scope=https%3A%2F%2Fr%2F.default"},
		{"workload identity, client id", china, client, "POST", "https://login.chinacloudapi.cn/some-tenant/oauth2/v2.0/token", [2]string{}, assertion + "&client_id=c0000000-0000-4000-8000-00000000000a&grant_type=client_credentials&scope=https%3A%2F%2Fr%2F.default"},
		{"an endpoint over https", map[string]string{"IDENTITY_ENDPOINT": "https://localhost/token", "IDENTITY_HEADER": "s3cr3t"}, hosts.ID{}, "GET", "https://localhost/token?api-version=2019-08-01&resource=https%3A%2F%2Fr", [2]string{"X-Identity-Header", "s3cr3t"}, ""},
		{"an endpoint with our parameters", map[string]string{"IDENTITY_ENDPOINT": "http://localhost/token?api-version=1&resource=slot", "IDENTITY_HEADER": "s3cr3t"}, hosts.ID{}, "GET", "http://localhost/token?api-version=2019-08-01&resource=https%3A%2F%2Fr", [2]string{"X-Identity-Header", "s3cr3t"}, ""},
		{"a post to an endpoint with a query", map[string]string{"MSI_ENDPOINT": "http://localhost/oauth2/token?slot=1"}, hosts.ID{}, "POST", "http://localhost/oauth2/token?slot=1", [2]string{"Metadata", "true"}, "resource=https%3A%2F%2Fr"},
		{"IMDS by adal's variable", map[string]string{"MSI_ENDPOINT": "http://169.254.169.254/metadata/identity/oauth2/token"}, hosts.ID{}, "GET", "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"another IMDS by its whole address", map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://localhost/metadata/identity/oauth2/token?api-version=1"}, hosts.ID{}, "GET", "http://localhost/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"another IMDS", map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://localhost/below/"}, hosts.ID{}, "GET", "http://localhost/below/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"another IMDS below an escaped path", map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://localhost/be%2Flow"}, hosts.ID{}, "GET", "http://localhost/be%2Flow/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fr", [2]string{"Metadata", "true"}, ""},
		{"an endpoint with a query", map[string]string{"IDENTITY_ENDPOINT": "http://localhost/token?slot=1", "IDENTITY_HEADER": "s3cr3t"}, hosts.ID{}, "GET", "http://localhost/token?api-version=2019-08-01&resource=https%3A%2F%2Fr&slot=1", [2]string{"X-Identity-Header", "s3cr3t"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h, err := find(t, tc.env, tc.id, func(w http.ResponseWriter, r *http.Request) {
				require.Equal(t, tc.method, r.Method)
				require.Equal(t, tc.url, r.URL.String())
				if tc.header[0] != "" {
					require.Equal(t, []string{tc.header[1]}, r.Header[tc.header[0]])
				}
				for _, proof := range []string{"Metadata", "Secret", "X-Identity-Header"} {
					require.True(t, proof == tc.header[0] || r.Header[proof] == nil, "the header of another host: %s", proof)
				}
				if tc.body != "" {
					body, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					require.Equal(t, tc.body, string(body))
					require.Equal(t, "application/x-www-form-urlencoded", r.Header.Get("Content-Type"))
				}
				_, _ = io.WriteString(w, good)
			})
			require.NoError(t, err)
			token, err := h.Source.Token(t.Context(), request)
			require.NoError(t, err)
			require.Equal(t, "token", token.Token)
			require.NotContains(t, h.String(), "s3cr3t")
			require.NotContains(t, h.String(), "slot")
			printed := fmt.Sprintf("%v %+v %#v %+v %#v", h, h, h, h.Source, h.Source)
			_ = assert.Equal(diff{&printed}, h, hosts.Host{}) // the log of a failed test shows this
			require.NotContains(t, printed, "s3cr3t")
			require.NotContains(t, printed, "slot")
		})
	}
}

func TestServiceFabricCertificate(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the secret was sent") }))
	t.Cleanup(srv.Close)
	h, err := find(t, map[string]string{
		"IDENTITY_ENDPOINT": srv.URL, "IDENTITY_HEADER": "s3cr3t", "IDENTITY_SERVER_THUMBPRINT": "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33",
	}, hosts.ID{}, nil)
	require.NoError(t, err)
	_, err = h.Source.Token(t.Context(), request)
	require.ErrorContains(t, err, "thumbprint")
}

// TestWorkloadIdentityFile: the federated token is read for each exchange.
func TestWorkloadIdentityFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	var sent []string
	h, err := find(t, map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}, hosts.ID{}, func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.PostFormValue("client_assertion"))
		_, _ = io.WriteString(w, good)
	})
	require.NoError(t, err, "the file need not be there when the program starts")
	_, err = h.Source.Token(t.Context(), request)
	require.ErrorContains(t, err, "federated token file")
	require.Equal(t, 1, strings.Count(err.Error(), file), "named once: %v", err)
	var f *wire.Failure
	require.ErrorAs(t, err, &f)
	require.True(t, f.Retry, "it may be mounted late")
	limit := strings.Repeat("x", 64<<10)
	for _, token := range []string{"first", "second", limit} {
		require.NoError(t, os.WriteFile(file, []byte(token), 0o600))
		_, err = h.Source.Token(t.Context(), request)
		require.NoError(t, err)
	}
	for bad, retry := range map[string]bool{"": true, "\n": true, "two words": true, "the.token\x00": true, limit + "x": false} {
		require.NoError(t, os.WriteFile(file, []byte(bad), 0o600))
		// The file was written by a clock that is ahead.
		require.NoError(t, os.Chtimes(file, time.Time{}, time.Now().Add(time.Hour)))
		_, err = h.Source.Token(t.Context(), request)
		require.ErrorContains(t, err, "federated token file "+file+", written 0s ago: ")
		require.ErrorAs(t, err, &f)
		require.Equal(t, retry, f.Retry, "it may be being written")
		require.Contains(t, f.Advice, "$AZURE_FEDERATED_TOKEN_FILE")
	}
	require.Equal(t, []string{"first", "second", limit}, sent)
}

// TestWorkloadIdentityClaims: claims of a challenge are passed on to Entra unchanged.
func TestWorkloadIdentityClaims(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}`
	h, err := find(t, map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}, hosts.ID{}, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, claims, r.PostFormValue("claims"))
		_, _ = io.WriteString(w, good)
	})
	require.NoError(t, err)
	_, err = h.Source.Token(t.Context(), hosts.Request{Resource: "https://r", Claims: claims})
	require.NoError(t, err)
}

func TestFindMistakes(t *testing.T) {
	t.Parallel()
	shell := map[string]string{"MSI_ENDPOINT": "http://localhost/token"}
	ml := map[string]string{"MSI_ENDPOINT": "http://localhost/token", "MSI_SECRET": "s3cr3t"}
	container := func(endpoint, header string) map[string]string {
		return map[string]string{"IDENTITY_ENDPOINT": endpoint + "?api-version=1.0", "IDENTITY_HEADER": header}
	}
	fabric := func(endpoint, thumbprint string) map[string]string {
		return map[string]string{"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": "s3cr3t", "IDENTITY_SERVER_THUMBPRINT": thumbprint}
	}
	const thumbprint, imdsURL = "00112233445566778899AABBCCDDEEFF00112233", "http://169.254.169.254"
	pod := func(tenant, client, authority string) map[string]string {
		return map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "/file", "AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client, "AZURE_AUTHORITY_HOST": authority}
	}
	for _, tc := range []struct {
		name string
		env  map[string]string
		id   hosts.ID
		want []string
	}{
		{"Cloud Shell, client id", shell, client, []string{"leave the id out", "Cloud Shell"}},
		{"Cloud Shell, object id", shell, object, []string{"leave the id out", "Cloud Shell"}},
		{"Cloud Shell, resource id", shell, arm, []string{"leave the id out", "Cloud Shell"}},
		{"Service Fabric, client id", fabric("https://localhost", thumbprint), client, []string{"leave the id out", "Service Fabric"}},
		{"Service Fabric, object id", fabric("https://localhost", thumbprint), object, []string{"leave the id out", "Service Fabric"}},
		{"Service Fabric, resource id", fabric("https://localhost", thumbprint), arm, []string{"leave the id out", "Service Fabric"}},
		{"Service Fabric over http", fabric("http://localhost", thumbprint), hosts.ID{}, []string{"$IDENTITY_ENDPOINT", "https://"}},
		{"Service Fabric, half a thumbprint", fabric("https://localhost", thumbprint[:20]), hosts.ID{}, []string{"$IDENTITY_SERVER_THUMBPRINT"}},
		{"Service Fabric, no thumbprint", fabric("https://localhost", "none"), hosts.ID{}, []string{"$IDENTITY_SERVER_THUMBPRINT"}},
		{"container instances, client id", container("http://localhost/token", "s3cr3t"), client, []string{"Options.ID", client.Value, "object ids only", "use the object id of the identity", "Container Instances on Windows"}},
		{"container instances, resource id", container("http://localhost/token", "s3cr3t"), arm, []string{"Options.ID", arm.Value, "object ids only", "use the object id of the identity", "Container Instances on Windows"}},
		{"container instances, an empty client id", container("http://localhost/token", "s3cr3t"), hosts.ID{Kind: hosts.ClientID}, []string{"Options.ID", `""`, "use the object id of the identity"}},
		{"container instances, an empty object id", container("http://localhost/token", "s3cr3t"), hosts.ID{Kind: hosts.ObjectID}, []string{"Options.ID: empty"}},
		{"container instances, a name for an object id", container("http://localhost/token", "s3cr3t"), hosts.ID{Kind: hosts.ObjectID, Value: "orders-worker"}, []string{"Options.ID", `"orders-worker"`, "principalId"}},
		{"container instances, a whole file for a client id", container("http://localhost/token", "s3cr3t"), hosts.ID{Kind: hosts.ClientID, Value: strings.Repeat("x", 1<<20)}, []string{strings.Repeat("x", 100) + `"…`, "object ids only"}},
		{"container instances, an endpoint that is none", container("10.92.0.12:2377/token", "s3cr3t"), hosts.ID{}, []string{"$IDENTITY_ENDPOINT"}},
		{"container instances, an endpoint without a host", container("http:///token", "s3cr3t"), hosts.ID{}, []string{"$IDENTITY_ENDPOINT", "Container Instances on Windows"}},
		{"container instances, an endpoint with a user", container("http://u:s3cr3t@localhost/token", "x"), hosts.ID{}, []string{"$IDENTITY_ENDPOINT"}},
		{"container instances, a secret with a line feed", container("http://localhost/token", "s3cr3t\n"), hosts.ID{}, []string{"$IDENTITY_HEADER", "line feed"}},
		{"Azure ML, object id", ml, object, []string{"client ids only", "the client id of the identity", "Azure ML"}},
		{"Azure ML, resource id", ml, arm, []string{"client ids only", "the client id of the identity", "Azure ML"}},
		{"workload identity, object id", pod("t", client.Value, ""), object, []string{"client ids only", "set the endpoint to http://169.254.169.254"}},
		{"workload identity, resource id", pod("t", client.Value, ""), arm, []string{"client ids only", "set the endpoint to http://169.254.169.254"}},
		{"workload identity without a client", pod("t", "", ""), hosts.ID{}, []string{"$AZURE_CLIENT_ID", "azure.workload.identity/client-id"}},
		{"workload identity without a tenant", pod("", client.Value, ""), hosts.ID{}, []string{"$AZURE_TENANT_ID", "azure.workload.identity/use"}},
		{"workload identity, a path for a tenant", pod("../t", client.Value, ""), hosts.ID{}, []string{"$AZURE_TENANT_ID"}},
		{"workload identity, dots for a tenant", pod("..", client.Value, ""), hosts.ID{}, []string{"$AZURE_TENANT_ID"}},
		{"workload identity over http", pod("t", client.Value, "http://login.microsoftonline.com"), hosts.ID{}, []string{"$AZURE_AUTHORITY_HOST", "https://"}},
		{"workload identity without a scheme", pod("t", client.Value, "login.microsoftonline.com"), hosts.ID{}, []string{`$AZURE_AUTHORITY_HOST: "login.microsoftonline.com"`, "https://"}},
		{"workload identity, a login host with a space", pod("t", client.Value, "https://login.microsoftonline.com/ "), hosts.ID{}, []string{`$AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/`}},
		{"workload identity, a login host without a port", pod("t", client.Value, "https://login.microsoftonline.com:99999"), hosts.ID{}, []string{"$AZURE_AUTHORITY_HOST", "99999", "port"}},
		{"workload identity, a file with a space", map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "/file ", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}, hosts.ID{}, []string{"$AZURE_FEDERATED_TOKEN_FILE", `"/file "`}},
		{"workload identity, a file with a NUL", map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "/fi\x00le", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}, hosts.ID{}, []string{"$AZURE_FEDERATED_TOKEN_FILE", `"/fi\x00le"`}},
		{"a space after the endpoint", map[string]string{"IDENTITY_ENDPOINT": "http://localhost/token ", "IDENTITY_HEADER": "s3cr3t"}, hosts.ID{}, []string{"$IDENTITY_ENDPOINT", "space"}},
		{"container instances, a space after the version", map[string]string{"IDENTITY_ENDPOINT": "http://localhost/token?api-version=1.0 ", "IDENTITY_HEADER": "s3cr3t"}, hosts.ID{}, []string{"$IDENTITY_ENDPOINT", "space"}},
		{"an endpoint that is none", map[string]string{"IDENTITY_ENDPOINT": "localhost:8081", "IDENTITY_HEADER": "s3cr3t"}, hosts.ID{}, []string{"$IDENTITY_ENDPOINT", "App Service"}},
		{"an endpoint with a user", map[string]string{"IDENTITY_ENDPOINT": "http://u:s3cr3t@localhost", "IDENTITY_HEADER": "s3cr3t"}, hosts.ID{}, []string{"$IDENTITY_ENDPOINT"}},
		{"Arc, an endpoint that is none", map[string]string{"IDENTITY_ENDPOINT": "unix:/sock", "IMDS_ENDPOINT": "x"}, hosts.ID{}, []string{"$IDENTITY_ENDPOINT", "Azure Arc"}},
		{"an endpoint with a fragment", map[string]string{"IDENTITY_ENDPOINT": "http://localhost/token#s3cr3t", "IDENTITY_HEADER": "x"}, hosts.ID{}, []string{"$IDENTITY_ENDPOINT"}},
		{"an endpoint without a host", map[string]string{"IDENTITY_ENDPOINT": "http:///token", "IDENTITY_HEADER": "x"}, hosts.ID{}, []string{"$IDENTITY_ENDPOINT"}},
		{"another IMDS without a host", map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http:///imds"}, hosts.ID{}, []string{"$AZURE_POD_IDENTITY_AUTHORITY_HOST: not", imdsURL}},
		{"another IMDS with a fragment", map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://localhost#s3cr3t"}, hosts.ID{}, []string{"$AZURE_POD_IDENTITY_AUTHORITY_HOST", imdsURL}},
		{"workload identity without a login host", pod("t", client.Value, "https:///s3cr3t"), hosts.ID{}, []string{"$AZURE_AUTHORITY_HOST"}},
		{"workload identity, a login host with a user", pod("t", client.Value, "https://u:s3cr3t@login.microsoftonline.com"), hosts.ID{}, []string{"$AZURE_AUTHORITY_HOST"}},
		{"workload identity, a login host with a query", pod("t", client.Value, "https://login.microsoftonline.com?s3cr3t"), hosts.ID{}, []string{"$AZURE_AUTHORITY_HOST"}},
		{"workload identity, a login host with a fragment", pod("t", client.Value, "https://login.microsoftonline.com#s3cr3t"), hosts.ID{}, []string{"$AZURE_AUTHORITY_HOST"}},
		{"Service Fabric, a thumbprint too many", fabric("https://localhost", thumbprint+"00"), hosts.ID{}, []string{"$IDENTITY_SERVER_THUMBPRINT"}},
		{"a secret with a line feed", map[string]string{"IDENTITY_ENDPOINT": "http://localhost", "IDENTITY_HEADER": "s3cr3t\n"}, hosts.ID{}, []string{"$IDENTITY_HEADER", "line feed"}},
		{"Azure ML, a secret with a line feed", map[string]string{"MSI_ENDPOINT": "http://localhost", "MSI_SECRET": "s3cr3t\r\n"}, hosts.ID{}, []string{"$MSI_SECRET", "line feed"}},
		{"Service Fabric, a secret with a line feed", map[string]string{"IDENTITY_ENDPOINT": "https://localhost", "IDENTITY_HEADER": "s3cr3t\n", "IDENTITY_SERVER_THUMBPRINT": thumbprint}, hosts.ID{}, []string{"$IDENTITY_HEADER", "line feed"}},
		{"a client id of the wrong kind", nil, hosts.ID{Kind: hosts.ClientID, Value: "orders-worker"}, []string{"Options.ID", `"orders-worker"`, "GUID"}},
		{"workload identity, a client id with a line feed", pod("t", client.Value+"\n", ""), hosts.ID{}, []string{"$AZURE_CLIENT_ID", `\n`, "line feed"}},
		{"workload identity, a name for a client id", pod("t", "orders-worker", ""), hosts.ID{}, []string{"$AZURE_CLIENT_ID", `"orders-worker"`}},
		{"workload identity, a tenant with a line feed", pod("t\n", client.Value, ""), hosts.ID{}, []string{"$AZURE_TENANT_ID", `"t\n"`}},
		{"workload identity, a file with a line feed", map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "/file\n", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value}, hosts.ID{}, []string{"$AZURE_FEDERATED_TOKEN_FILE", `"/file\n"`}},
		{"Azure ML, its default with a line feed", map[string]string{"MSI_ENDPOINT": "http://localhost/token", "MSI_SECRET": "s3cr3t", "DEFAULT_IDENTITY_CLIENT_ID": client.Value + "\n"}, hosts.ID{}, []string{"$DEFAULT_IDENTITY_CLIENT_ID", `\n`}},
		{"an address that names an identity", map[string]string{"AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://localhost/metadata/identity/oauth2/token?client_id=" + client.Value}, hosts.ID{}, []string{"$AZURE_POD_IDENTITY_AUTHORITY_HOST", "id of the identity itself"}},
		{"an empty id", nil, hosts.ID{Kind: hosts.ObjectID}, []string{"Options.ID: empty"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := find(t, tc.env, tc.id, nil)
			require.ErrorAs(t, err, new(*hosts.ConfigError))
			for _, want := range tc.want {
				require.ErrorContains(t, err, want)
			}
			require.NotContains(t, err.Error(), "s3cr3t")
		})
	}
	_, err := find(t, fabric("https://localhost", thumbprint), hosts.ID{}, func(http.ResponseWriter, *http.Request) {})
	require.ErrorContains(t, err, "Options.ClientOptions: ")
	require.ErrorContains(t, err, "pinned", "a transport that cannot be held to the certificate")
}

// TestWorkloadIdentityCertificate: an untrusted certificate fails at once.
func TestWorkloadIdentityCertificate(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the assertion was sent") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // its side of the failed handshake
	srv.StartTLS()
	t.Cleanup(srv.Close)
	file := filepath.Join(t.TempDir(), "azure-identity-token")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	h, err := find(t, map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file, "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": client.Value, "AZURE_AUTHORITY_HOST": srv.URL}, hosts.ID{}, nil)
	require.NoError(t, err)
	_, err = h.Source.Token(t.Context(), request)
	var f *wire.Failure
	require.ErrorAs(t, err, &f)
	require.False(t, f.Retry)
	require.Contains(t, f.Advice, "SSL_CERT_FILE")
}
