package integrations_test

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"
)

// The chains of credentials ask first whether there is an IMDS at all, by a request that cannot
// succeed.
func TestTheProbeOfACredentialChainGetsNoToken(t *testing.T) {
	for _, chain := range []library{
		{name: "azidentity", token: azidentityChainToken},
		{name: "@azure/identity", token: script("default-azure-credential.mjs"), need: needNode},
	} {
		t.Run(chain.name, func(t *testing.T) {
			if chain.need != nil {
				chain.need(t)
			}
			srv, env := imdsAtItsAddress.start(t)
			t.Setenv("AZURE_TOKEN_CREDENTIALS", "prod") // without those of developers' tools
			resource := resourceOf(t)

			token, err := chain.token(t, site{imdsAtItsAddress, srv, env}, resource, byDefault, "")
			require.NoError(t, err)
			requireToken(t, srv, token, resource, system)

			requests := srv.Requests()
			require.Len(t, requests, 2)
			probe, request := requests[0], requests[1]
			require.Empty(t, probe.Header.Values("Metadata"))
			require.Equal(t, http.StatusBadRequest, probe.Status)
			require.Equal(t, http.StatusOK, request.Status)
		})
	}
}

func azidentityChainToken(t *testing.T, at site, resource string, _ kind, _ string) (string, error) {
	t.Helper()
	at.env.Setenv(t)
	requireSource(t, at)
	chain, err := azidentity.NewDefaultAzureCredential(nil)
	require.NoError(t, err)
	token, err := chain.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}})
	return token.Token, err
}
