// Package storage is the recipe for Azure Storage with azblob, and so for every client of the Azure
// SDK: aztoken's client is the credential.
package storage

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"github.com/seed-ac726066/aztoken"
)

// resource is what azblob asks for by itself.
const resource = "https://storage.azure.com"

// NewClient returns a client of a storage account, such as "https://orders.blob.core.windows.net".
// A call for which there is no token waits for one until its own deadline, and its error says why
// none came.
func NewClient(client *aztoken.Client, account string, opts azblob.ClientOptions) (*azblob.Client, error) {
	opts.PerCallPolicies = append([]policy.Policy{tokenFirst{client}}, opts.PerCallPolicies...)
	return azblob.NewClient(account, client, &opts)
}

// tokenFirst asks for the token before the SDK does, which would return the context's error alone,
// and let callers wait for the deadline of whoever came first.
type tokenFirst struct{ client *aztoken.Client }

func (p tokenFirst) Do(req *policy.Request) (*http.Response, error) {
	if _, err := p.client.Token(req.Raw().Context(), resource); err != nil {
		return nil, err
	}
	return req.Next()
}
