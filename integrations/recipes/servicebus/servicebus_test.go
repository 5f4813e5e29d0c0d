package servicebus_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/servicebus"
)

func TestNewClient(t *testing.T) {
	t.Parallel()
	const resource = "https://servicebus.azure.net/"
	azure := recipetest.NewAzure(t, nil)
	tokens := recipetest.NewClient(t, azure, recipetest.Known)
	client, err := servicebus.NewClient(t.Context(), tokens, "orders.servicebus.windows.net")
	require.NoError(t, err)
	require.NoError(t, client.Close(t.Context()))
	require.Equal(t, resource, azure.Requests()[0].Resource)

	tokens = recipetest.NewClient(t, azure, recipetest.Known)
	_, err = servicebus.NewClient(recipetest.Hang(t, azure), tokens, "orders.servicebus.windows.net")
	recipetest.RequireNoToken(t, err, resource)
}
