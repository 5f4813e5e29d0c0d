package peers

import (
	"context"
	"net/http"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"
)

// MSAL is its client for managed identities with the default retries: three tries, a second apart.
// Its cache is a variable of the package: see [Endpoint.Resource].
func MSAL() Library {
	return Library{Name: "MSAL", New: func(e Endpoint) (Client, error) {
		c, err := managedidentity.New(managedidentity.SystemAssigned(), managedidentity.WithHTTPClient(&http.Client{Transport: e.Transport}))
		return msalClient{c, e.Resource, closed{}}, err
	}}
}

type msalClient struct {
	client   managedidentity.Client
	resource string
	closed
}

func (c msalClient) Token(ctx context.Context) (string, time.Time, error) {
	r, err := c.client.AcquireToken(ctx, c.resource)
	return r.AccessToken, r.ExpiresOn, err
}
