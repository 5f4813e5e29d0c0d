// Package eventhubs is the recipe for Azure Event Hubs: aztoken's client is the credential.
package eventhubs

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azeventhubs/v2"

	"github.com/seed-ac726066/aztoken"
)

// resource is exactly what azeventhubs requests by itself. Without the slash it is another
// resource.
const resource = "https://eventhubs.azure.net/"

// NewProducer returns a producer for a hub of a namespace, such as "orders.servicebus.windows.net".
// It waits for the first token, because azeventhubs requests tokens without the caller's deadline.
func NewProducer(ctx context.Context, client *aztoken.Client, namespace, hub string) (*azeventhubs.ProducerClient, error) {
	if err := client.Warm(ctx, resource); err != nil {
		return nil, err
	}
	return azeventhubs.NewProducerClient(namespace, hub, client, nil)
}
