// Package servicebus is the recipe for Azure Service Bus: aztoken's client is the credential.
package servicebus

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"

	"github.com/seed-ac726066/aztoken"
)

// resource is what azservicebus asks for by itself, to the letter: without the slash it is another one.
const resource = "https://servicebus.azure.net/"

// NewClient returns a client of a namespace, such as "orders.servicebus.windows.net". It waits for
// the first token, as azservicebus asks for its tokens without the deadline of a caller.
func NewClient(ctx context.Context, client *aztoken.Client, namespace string) (*azservicebus.Client, error) {
	if err := client.Warm(ctx, resource); err != nil {
		return nil, err
	}
	return azservicebus.NewClient(namespace, client, nil)
}
