package hosts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	const container, slot = "http://10.92.0.12:2377/metadata/identity/oauth2/token?api-version=1.0", "http://localhost:8081/msi/token?x=1"
	for _, tc := range []struct {
		name  string
		env   map[string]string
		agent bool
		kind  Kind
		why   string
	}{
		{"nothing", nil, false, IMDS, "the environment names no other host"},
		{"another IMDS", env(imdsOverride), false, IMDS, "$AZURE_POD_IDENTITY_AUTHORITY_HOST"},
		{"workload identity", env(federatedTokenFile, tenantID, clientID, authorityHost), false, WorkloadIdentity, "$AZURE_FEDERATED_TOKEN_FILE"},
		{"workload identity on a node of Arc", env(federatedTokenFile, tenantID), true, WorkloadIdentity, "$AZURE_FEDERATED_TOKEN_FILE"},
		{"a service principal's variables", env(tenantID, clientID, authorityHost), false, IMDS, "the environment names no other host"},
		{"Service Fabric", env(identityEndpoint, identityHeader, identityThumbprint), false, ServiceFabric, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER, $IDENTITY_SERVER_THUMBPRINT"},
		{"App Service", env(identityEndpoint, identityHeader), false, AppService, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER"},
		{"App Service with the variables of old", env(identityEndpoint, identityHeader, msiEndpoint, msiSecret), false, AppService, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER"},
		{"App Service with a query", map[string]string{identityEndpoint: slot, identityHeader: "s"}, false, AppService, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER"},
		{"container instances on Windows", map[string]string{identityEndpoint: container, identityHeader: "s"}, false, ContainerInstances, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER, api-version in the query"},
		{"the same beside Arc's agent and other hosts' variables", map[string]string{identityEndpoint: container, identityHeader: "s", imdsEndpoint: "x", msiEndpoint: "x", msiSecret: "s"}, true, ContainerInstances, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER, api-version in the query"},
		{"the same with a thumbprint is Service Fabric", map[string]string{identityEndpoint: container, identityHeader: "s", identityThumbprint: "x"}, false, ServiceFabric, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER, $IDENTITY_SERVER_THUMBPRINT"},
		{"the same in a pod with workload identity", map[string]string{identityEndpoint: container, identityHeader: "s", federatedTokenFile: "x"}, false, WorkloadIdentity, "$AZURE_FEDERATED_TOKEN_FILE"},
		{"container instances without their header", map[string]string{identityEndpoint: container}, false, IMDS, "the environment names no other host"},
		{"container instances without their header, beside Arc", map[string]string{identityEndpoint: container, imdsEndpoint: "x"}, false, AzureArc, "$IDENTITY_ENDPOINT, $IMDS_ENDPOINT"},
		{"container instances on Linux", env(identityHeader, identityThumbprint, "IDENTITY_API_VERSION"), false, IMDS, "the environment names no other host"},
		{"variables that are empty", map[string]string{identityEndpoint: "", identityHeader: ""}, false, IMDS, "the environment names no other host"},
		{"Azure ML", env(msiEndpoint, msiSecret, defaultClientID), false, AzureML, "$MSI_ENDPOINT, $MSI_SECRET"},
		{"Cloud Shell", env(msiEndpoint), false, CloudShell, "$MSI_ENDPOINT"},
		{"IMDS by the whole address in adal's variable", map[string]string{msiEndpoint: "http://169.254.169.254/metadata/identity/oauth2/token"}, false, IMDS, "$MSI_ENDPOINT"},
		{"the same beside Arc's agent", map[string]string{msiEndpoint: "http://169.254.169.254/metadata/identity/oauth2/token/"}, true, IMDS, "$MSI_ENDPOINT"},
		{"a secret beside it is Azure ML's", map[string]string{msiEndpoint: "http://169.254.169.254/metadata/identity/oauth2/token", msiSecret: "s"}, false, AzureML, "$MSI_ENDPOINT, $MSI_SECRET"},
		{"Arc", env(identityEndpoint, imdsEndpoint), false, AzureArc, "$IDENTITY_ENDPOINT, $IMDS_ENDPOINT"},
		{"Arc by its agent", nil, true, AzureArc, "the agent exists"},
		{"workload identity beside App Service", env(federatedTokenFile, identityEndpoint, identityHeader, identityThumbprint), false, WorkloadIdentity, "$AZURE_FEDERATED_TOKEN_FILE"},
		{"workload identity beside another IMDS", env(federatedTokenFile, imdsOverride), false, WorkloadIdentity, "$AZURE_FEDERATED_TOKEN_FILE"},
		{"App Service beside Arc", env(identityEndpoint, identityHeader, imdsEndpoint), true, AppService, "$IDENTITY_ENDPOINT, $IDENTITY_HEADER"},
		{"Azure ML beside Arc", env(msiEndpoint, msiSecret, identityEndpoint, imdsEndpoint), true, AzureML, "$MSI_ENDPOINT, $MSI_SECRET"},
		{"Cloud Shell beside Arc", env(msiEndpoint, identityEndpoint, imdsEndpoint), true, CloudShell, "$MSI_ENDPOINT"},
		{"Arc by both", env(identityEndpoint, imdsEndpoint), true, AzureArc, "$IDENTITY_ENDPOINT, $IMDS_ENDPOINT"},
		{"Arc beside another IMDS", env(imdsOverride), true, AzureArc, "the agent exists"},
		{"half of Azure ML", env(msiSecret, defaultClientID), false, IMDS, "the environment names no other host"},
		{"half of Service Fabric", env(identityEndpoint, identityThumbprint), false, IMDS, "the environment names no other host"},
		{"half of App Service", env(identityHeader), false, IMDS, "the environment names no other host"},
		{"half of App Service with Arc's agent", env(identityEndpoint), true, AzureArc, "the agent exists"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			getenv := func(name string) string { return tc.env[name] }
			agent := func() (string, bool) { return "the agent", tc.agent }
			kind, why, named := detect("", getenv, agent)
			require.Equal(t, tc.kind, kind)
			require.Equal(t, tc.why, why)
			require.Equal(t, strings.HasPrefix(tc.why, "$"), named)
			kind, why, named = detect("http://imds.test", getenv, agent)
			require.Equal(t, IMDS, kind, "an endpoint in the options goes before all")
			require.Equal(t, "as configured", why)
			require.True(t, named)
		})
	}
}

func env(names ...string) map[string]string {
	set := map[string]string{}
	for _, name := range names {
		set[name] = "set"
	}
	return set
}
