// Package servicebus is the recipe for Azure Service Bus: aztoken's client is the credential.
package servicebus

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/seed-ac726066/aztoken"
)

// resource is exactly what azservicebus requests by itself. Without the slash it is another
// resource.
const resource = "https://servicebus.azure.net/"

// NewClient returns a client of a namespace, such as "orders.servicebus.windows.net". It waits for
// the first token, because azservicebus requests tokens without the caller's deadline.
func NewClient(ctx context.Context, client *aztoken.Client, namespace string) (*azservicebus.Client, error) {
	if err := client.Warm(ctx, resource); err != nil {
		return nil, err
	}
	return azservicebus.NewClient(namespace, client, nil)
}
