// Package cosmos is the recipe for Azure Cosmos DB: aztoken's client is the credential.
package cosmos

import (
	"github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"

	"github.com/seed-ac726066/aztoken"
)

// NewClient returns a client of an account, such as "https://orders.documents.azure.com"; nil opts
// are the SDK's defaults.
func NewClient(client *aztoken.Client, account string, opts *azcosmos.ClientOptions) (*azcosmos.Client, error) {
	return azcosmos.NewClient(account, client, opts)
}
