package eventhubs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/integrations/recipes/eventhubs"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
)

func TestNewProducer(t *testing.T) {
	t.Parallel()
	const resource = "https://eventhubs.azure.net/"
	azure := recipetest.NewAzure(t, nil)
	tokens := recipetest.NewClient(t, azure, recipetest.Known)
	client, err := eventhubs.NewProducer(t.Context(), tokens, "orders.servicebus.windows.net", "orders")
	require.NoError(t, err)
	require.NoError(t, client.Close(t.Context()))
	require.Equal(t, resource, azure.Requests()[0].Resource)

	tokens = recipetest.NewClient(t, azure, recipetest.Known)
	_, err = eventhubs.NewProducer(recipetest.Hang(t, azure), tokens, "orders.servicebus.windows.net", "orders")
	recipetest.RequireNoToken(t, err, resource)
}
