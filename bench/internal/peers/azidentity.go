package peers

import (
	"context"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Azidentity returns a ManagedIdentityCredential with its default options, which retry six times as
// the guidance for IMDS has it. Its cache is MSAL's: see [Endpoint.Resource].
func Azidentity() Library {
	return Library{Name: "azidentity", New: func(e Endpoint) (Client, error) {
		credential, err := newAzidentity(e)
		return azidentityClient{credential, policy.TokenRequestOptions{Scopes: []string{e.Resource + "/.default"}}, closed{}}, err
	}}
}

func newAzidentity(e Endpoint) (azcore.TokenCredential, error) {
	opts := &azidentity.ManagedIdentityCredentialOptions{}
	opts.Transport = &http.Client{Transport: e.Transport}
	return azidentity.NewManagedIdentityCredential(opts)
}

type azidentityClient struct {
	credential azcore.TokenCredential
	request    policy.TokenRequestOptions
	closed
}

func (c azidentityClient) Token(ctx context.Context) (string, time.Time, error) {
	t, err := c.credential.GetToken(ctx, c.request)
	return t.Token, t.ExpiresOn, err
}
