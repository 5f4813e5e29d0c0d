// Package aztoken gets OAuth 2.0 access tokens for Azure managed identities and keeps them fresh, so that a service
// goes on calling its peers through an outage of Entra ID (Azure AD) or of the machine's identity endpoint.
//
//	client, err := aztoken.NewClient(nil)
//	if err != nil { … }
//	defer client.Close()
//
//	api := client.Wrap(http.DefaultClient, "https://orders.example.com") // an *http.Client that authenticates
//	resp, err := api.Get("https://orders.example.com/orders")
//
// A [Client] holds one token for each resource that was asked for and replaces it in the background long before it
// expires:
//
//	           refresh due                      hard expiry
//	acquired ──────┼───────────────────────────────┼──────────▶ time
//	   fresh       │  due: served at once, one      │ gone: callers wait for one
//	               │  background refresh, tried     │ request, each to its own
//	               │  again until it works          │ deadline
//
// No caller waits for the endpoint while a valid token is held, whatever the endpoint does.
//
// [NewClient] finds the host's endpoint by the environment: virtual machines, scale sets, AKS nodes and container instances
// (IMDS), App Service, Functions and Container Apps, Azure Arc, Service Fabric, Azure Machine Learning, Cloud Shell, and pods
// with workload identity.
//
// The service that is called checks the tokens with package verify, and package imdstest plays Azure in tests of both.
package aztoken
