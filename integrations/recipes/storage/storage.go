// Package storage is the recipe for Azure Storage with azblob, and works the same for every Azure
// SDK client: aztoken's client is the credential.
package storage

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"github.com/seed-ac726066/aztoken"
)

// resource is what azblob requests by itself.
const resource = "https://storage.azure.com"

// NewClient returns a client of a storage account, such as "https://orders.blob.core.windows.net".
// A call for which there is no token waits for one until its own deadline, and its error says why
// it got none.
func NewClient(client *aztoken.Client, account string, opts azblob.ClientOptions) (*azblob.Client, error) {
	opts.PerCallPolicies = append([]policy.Policy{tokenFirst{client}}, opts.PerCallPolicies...)
	return azblob.NewClient(account, client, &opts)
}

// tokenFirst requests the token before the SDK does. The SDK would return only the context's error,
// and would make callers wait for the deadline of the first caller.
type tokenFirst struct{ client *aztoken.Client }

func (p tokenFirst) Do(req *policy.Request) (*http.Response, error) {
	if _, err := p.client.Token(req.Raw().Context(), resource); err != nil {
		return nil, err
	}
	return req.Next()
}
