package cosmos_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/integrations/recipes/cosmos"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
)

// TestNewClient tests how the SDK requests a token and sends it. The server is not a Cosmos DB.
func TestNewClient(t *testing.T) {
	t.Parallel()
	var sent string
	account := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		http.Error(w, "no database", http.StatusNotFound)
	}))
	t.Cleanup(account.Close)
	azure := recipetest.NewAzure(t, nil)
	tokens := recipetest.NewClient(t, azure, recipetest.Known)
	opts := &azcosmos.ClientOptions{}
	opts.Transport = account.Client()
	client, err := cosmos.NewClient(tokens, account.URL, opts)
	require.NoError(t, err)
	container, err := client.NewContainer("orders", "orders")
	require.NoError(t, err)
	_, err = container.ReadItem(t.Context(), azcosmos.NewPartitionKeyString("1"), "1", nil)
	require.ErrorContains(t, err, "no database")

	resource := azure.Requests()[0].Resource
	require.Equal(t, "https://127.0.0.1", resource, "the account without a port")
	sent, err = url.QueryUnescape(sent)
	require.NoError(t, err)
	signature, isToken := strings.CutPrefix(sent, "type=aad&ver=1.0&sig=")
	require.True(t, isToken, "another form")
	require.True(t, signature == recipetest.Token(t, tokens, resource).Value(), "another token")
}
