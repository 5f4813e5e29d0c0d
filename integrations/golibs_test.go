package integrations_test

import (
	"context"
	"os"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"
	"github.com/stretchr/testify/require"
)

func azidentityToken(t *testing.T, at site, resource string, k kind, id string) (string, error) {
	t.Helper()
	at.env.Setenv(t)
	requireSource(t, at)
	credential, err := azidentityCredential(at, k, id)
	if err != nil {
		return "", err
	}
	token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}})
	return token.Token, err
}

func azidentityCredential(at site, k kind, id string) (azcore.TokenCredential, error) {
	switch at.host.name {
	case workloadIdentity.name:
		opts := &azidentity.WorkloadIdentityCredentialOptions{ClientID: id, DisableInstanceDiscovery: true}
		opts.Transport = at.srv.Client()
		return azidentity.NewWorkloadIdentityCredential(opts)
	case identityBinding.name:
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{ClientID: id, EnableAzureProxy: true})
	}
	opts := &azidentity.ManagedIdentityCredentialOptions{}
	opts.Retry.MaxRetries = -1 // no retries: failures here are permanent, and tests must not wait
	switch k {
	case byClientID:
		opts.ID = azidentity.ClientID(id)
	case byObjectID:
		opts.ID = azidentity.ObjectID(id)
	case byResourceID:
		opts.ID = azidentity.ResourceID(id)
	}
	return azidentity.NewManagedIdentityCredential(opts)
}

func msalToken(t *testing.T, at site, resource string, k kind, id string) (string, error) {
	t.Helper()
	at.env.Setenv(t)
	if at.host.name == workloadIdentity.name {
		return msalAssertionToken(t, at, resource, id)
	}
	requireSource(t, at)
	named := managedidentity.SystemAssigned()
	switch k {
	case byClientID:
		named = managedidentity.UserAssignedClientID(id)
	case byObjectID:
		named = managedidentity.UserAssignedObjectID(id)
	case byResourceID:
		named = managedidentity.UserAssignedResourceID(id)
	}
	client, err := managedidentity.New(named, managedidentity.WithRetryPolicyDisabled())
	if err != nil {
		return "", err
	}
	result, err := client.AcquireToken(t.Context(), resource)
	return result.AccessToken, err
}

// msalAssertionToken gets a token as a program does that uses workload identity with MSAL and
// without azidentity.
func msalAssertionToken(t *testing.T, at site, resource, clientID string) (string, error) {
	t.Helper()
	if clientID == "" {
		clientID = at.env.Get("AZURE_CLIENT_ID")
	}
	assertion := confidential.NewCredFromAssertionCallback(func(context.Context, confidential.AssertionRequestOptions) (string, error) {
		content, err := os.ReadFile(at.env.Get("AZURE_FEDERATED_TOKEN_FILE"))
		return string(content), err
	})
	client, err := confidential.New(at.env.Get("AZURE_AUTHORITY_HOST")+at.env.Get("AZURE_TENANT_ID"), clientID, assertion,
		confidential.WithHTTPClient(at.srv.Client()), confidential.WithInstanceDiscovery(false))
	require.NoError(t, err)
	result, err := client.AcquireTokenByCredential(t.Context(), []string{resource + "/.default"})
	return result.AccessToken, err
}

// requireSource fails if MSAL would choose another source than the host, before a library sends any
// request. MSAL falls back to IMDS if the environment lacks any variable of another host.
func requireSource(t *testing.T, at site) {
	t.Helper()
	if at.host.isPod() {
		return
	}
	source, err := managedidentity.GetSource()
	require.NoError(t, err)
	require.Equal(t, sources[at.host.name], source)
}

// sources are MSAL's names for the hosts.
var sources = map[string]managedidentity.Source{
	"IMDS":           managedidentity.DefaultToIMDS,
	"App Service":    managedidentity.AppService,
	"Azure Arc":      managedidentity.AzureArc,
	"Service Fabric": managedidentity.ServiceFabric,
	"Cloud Shell":    managedidentity.CloudShell,
	"Azure ML":       managedidentity.AzureML,

	containerInstances.name: managedidentity.AppService, // mistaken for App Service: no token there
}
