package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
)

// onAzure simulates a host that has a managed identity: it returns the client that
// aztoken.NewClient(nil) returns there.
func onAzure(opts aztoken.Options) *aztoken.Client {
	imds := imdstest.New(nil)
	opts.Transport, opts.Endpoint = imds, imds.URL
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func Example() {
	imds := imdstest.New(nil)
	service := httptest.NewServer(imds.Protect("https://orders.example.com", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "3 orders")
	})))
	defer service.Close()
	endpoint := httptest.NewServer(imds)
	defer endpoint.Close()

	// On Azure: aztoken.NewClient(nil).
	client, err := aztoken.NewClient(&aztoken.Options{Endpoint: endpoint.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	api := client.Wrap(http.DefaultClient, "https://orders.example.com")
	resp, err := api.Get(service.URL + "/orders")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(body))
	// Output: 200 OK 3 orders
}

func ExampleNewClient() {
	// NewClient finds the host's identity endpoint, and sends no request yet.
	client, err := aztoken.NewClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(len(client.Status().Resources), "tokens so far")
	// Output: 0 tokens so far
}

// A client on App Service, in a test that may run in parallel with others.
func ExampleOptions_getenv() {
	imds := imdstest.New(&imdstest.Options{Identities: []imdstest.Identity{{ClientID: "c0000000-0000-4000-8000-00000000000a"}}})
	opts := aztoken.Options{Getenv: imds.AppService().Get}
	opts.Transport = imds
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Println(client.Status().Host)
	_, err = client.Token(context.Background(), "https://orders.example.com")
	// There is an identity, but App Service requires its id.
	fmt.Println(errors.Is(err, aztoken.ErrIdentityNotFound))
	// Output:
	// App Service at http://imds.test/msi/token ($IDENTITY_ENDPOINT, $IDENTITY_HEADER)
	// true
}

func ExampleNewClient_mistake() {
	_, err := aztoken.NewClient(&aztoken.Options{Endpoint: "169.254.169.254"})
	fmt.Println(err)
	// Output: aztoken: Options.Endpoint: not the base URL of an identity endpoint; set it to a scheme and a host, as in http://169.254.169.254
}

func ExampleClient_Token() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Until(token.ExpiresOn).Round(time.Hour))
	// Output: 24h0m0s
}

func ExampleClient_GetToken() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	var _ azcore.TokenCredential = client // for any Azure SDK client, which calls
	token, err := client.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://storage.azure.com/.default"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.RefreshOn.Before(token.ExpiresOn))
	// Output: true
}

func ExampleClient_TokenFunc() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	// pgx: config.BeforeConnect = func(ctx context.Context, cc *pgx.ConnConfig) (err error) {
	//          cc.Password, err = password(ctx)
	//          return err
	//      }
	password := client.TokenFunc("https://ossrdbms-aad.database.windows.net")
	secret, err := password(context.Background())
	fmt.Println(len(secret) > 0, err)
	// Output: true <nil>
}

func ExampleClient_PerRPCCredentials() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	// grpc.NewClient(target, grpc.WithPerRPCCredentials(credentials),
	// grpc.WithTransportCredentials(…))
	credentials := client.PerRPCCredentials("https://orders.example.com")
	fmt.Println(credentials.RequireTransportSecurity())
	// Output: true
}

func ExampleClient_Warm() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	// At the start of the program: this reports a missing identity or a wrong resource.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := client.Warm(ctx, "https://orders.example.com", "https://vault.azure.net"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(client.Status().Resources), "tokens")
	// Output: 2 tokens
}

func ExampleClient_Invalidate() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	// For a protocol whose rejections the client cannot see; Transport does it for HTTP.
	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	client.Invalidate(token)
	again, err := client.Token(context.Background(), "https://orders.example.com")
	// IMDS had no newer token, so the client keeps serving the old one.
	fmt.Println(again.Value() == token.Value(), err)
	// Output: true <nil>
}

func ExampleClient_OnRotate() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	told := make(chan aztoken.Token)
	stop := client.OnRotate("https://redis.azure.com", func(t aztoken.Token) { told <- t })
	defer stop()
	if err := client.Warm(context.Background(), "https://redis.azure.com"); err != nil {
		log.Fatal(err)
	}
	token := <-told
	claims, err := token.UnverifiedClaims() // Redis wants the object id as the user name
	fmt.Println(claims.ObjectID == imdstest.DefaultObjectID, err)
	// Output: true <nil>
}

func ExampleClient_Status() {
	client := onAzure(aztoken.Options{})
	defer client.Close()
	if err := client.Warm(context.Background(), "https://orders.example.com"); err != nil {
		log.Fatal(err)
	}
	for _, r := range client.Status().Resources {
		fmt.Println(r.Resource, r.Failures, "failures")
	}
	// Output: https://orders.example.com 0 failures
}

func ExampleClient_Close() {
	client := onAzure(aztoken.Options{})
	fmt.Println(client.Close())
	_, err := client.Token(context.Background(), "https://orders.example.com")
	fmt.Println(errors.Is(err, aztoken.ErrClosed))
	// Output:
	// <nil>
	// true
}

func ExampleOptions() {
	client := onAzure(aztoken.Options{
		ID:      aztoken.ClientID(imdstest.DefaultClientID), // this identity of several
		Refresh: aztoken.MaxAge(time.Hour),                  // cover of 23 h for 24 requests a day
		OnEvent: func(e aztoken.Event) { fmt.Println(e.Kind, e.Resource, e.Err) },
	})
	defer client.Close()
	_, _ = client.Token(context.Background(), "https://orders.example.com")
	// Output: acquired https://orders.example.com <nil>
}

// One of several identities of a host, by its client id. ObjectID and ResourceID name it by another
// of its ids.
// The kinds of id that a managed identity has. Each host says which it takes.
func ExampleID() {
	for _, id := range []aztoken.ID{
		aztoken.ClientID("c0000000-0000-4000-8000-000000000001"),
		aztoken.ObjectID("0b000000-0000-4000-8000-000000000001"),
	} {
		client, err := aztoken.NewClient(&aztoken.Options{ID: id, Getenv: imdstest.New(nil).ContainerInstances().Get})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(client.Status().Identity)
		_ = client.Close()
	}
	// Output:
	// aztoken: Options.ID: "c0000000-0000-4000-8000-000000000001" is not an object id, and this host takes object ids only (the host is Container Instances on Windows: $IDENTITY_ENDPOINT, $IDENTITY_HEADER, api-version in the query); use the object id of the identity: az identity show --query principalId prints it
	// 0b000000-0000-4000-8000-000000000001
}

func ExampleClientID() {
	client := onAzure(aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID)})
	defer client.Close()
	fmt.Println(client.Status().Identity)
	// Output: c0000000-0000-4000-8000-000000000001
}

func ExampleObjectID() {
	client := onAzure(aztoken.Options{ID: aztoken.ObjectID(imdstest.DefaultObjectID)})
	defer client.Close()
	fmt.Println(client.Status().Identity == imdstest.DefaultObjectID)
	// Output: true
}

func ExampleResourceID() {
	client := onAzure(aztoken.Options{
		ID: aztoken.ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders"),
	})
	defer client.Close()
	_, err := client.Token(context.Background(), "https://orders.example.com")
	fmt.Println(errors.Is(err, aztoken.ErrIdentityNotFound)) // the host has another one
	// Output: true
}

// Events feed metrics; none contains a token.
func ExampleEvent() {
	events := make(chan aztoken.Event, 10)
	client := onAzure(aztoken.Options{OnEvent: func(e aztoken.Event) { events <- e }})
	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	client.Invalidate(token)
	_, _ = client.Token(context.Background(), "https://orders.example.com")
	_ = client.Close() // delivers pending events
	close(events)
	for e := range events {
		fmt.Println(e.Kind, e.Resource, e.Identity)
	}
	// Output:
	// acquired https://orders.example.com default
	// rejected https://orders.example.com default
	// unchanged https://orders.example.com default
}

func ExampleOptions_credential() {
	// Any azcore.TokenCredential is a source. On a developer's machine:
	// azidentity.NewAzureCLICredential(nil).
	client, err := aztoken.NewClient(&aztoken.Options{Credential: developer{}})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example.com")
	fmt.Println(token.Value(), err)
	// Output: token-of-a-developer <nil>
}

type developer struct{}

func (developer) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token-of-a-developer", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func ExampleClient_Wrap() {
	client := onAzure(aztoken.Options{})
	defer client.Close()

	api := client.Wrap(&http.Client{Timeout: 5 * time.Second}, "https://orders.example.com")
	_, err := api.Get("http://orders.example.com/orders")
	fmt.Println(err)
	// Output: Get "http://orders.example.com/orders": aztoken: a token is not sent over http; use https, or set Transport.InsecureAllowHTTP (the request is to http://orders.example.com)
}

func ExampleTransport() {
	client := onAzure(aztoken.Options{})
	defer client.Close()
	eu := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Authorization") != "")
	}))
	defer eu.Close()
	orders := httptest.NewServer(http.RedirectHandler(eu.URL, http.StatusTemporaryRedirect))
	defer orders.Close()

	api := &http.Client{Transport: &aztoken.Transport{
		Client:        client,
		Resource:      "https://orders.example.com",
		RedirectHosts: []string{eu.Listener.Addr().String()}, // a redirect may take the token there
		Base:          &http.Transport{MaxIdleConnsPerHost: 100},
	}}
	defer api.CloseIdleConnections()
	resp, err := api.Get(orders.URL)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	got, _ := io.ReadAll(resp.Body)
	fmt.Println("with a token:", string(got))
	// Output: with a token: true
}

// A proxy that authenticates to its service as itself. It must delete what its visitors sent as
// Authorization: Transport sends a request that has such a header as it is, and the service would
// see the visitor's in place of the token.
func ExampleTransport_reverseProxy() {
	imds := imdstest.New(nil)
	service := httptest.NewServer(imds.Protect("https://orders.example.com", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "3 orders")
	})))
	defer service.Close()
	opts := aztoken.Options{Endpoint: imds.URL}
	opts.Transport = imds
	client, err := aztoken.NewClient(&opts) // on Azure: aztoken.NewClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	target, err := url.Parse(service.URL)
	if err != nil {
		log.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Authorization") // the visitor's, even an empty or a Basic one
		},
		Transport: &aztoken.Transport{Client: client, Resource: "https://orders.example.com"},
	})
	defer proxy.Close()

	visit, err := http.NewRequest(http.MethodGet, proxy.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	visit.SetBasicAuth("visitor", "password")
	resp, err := http.DefaultClient.Do(visit)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.Status, string(body))
	// Output: 200 OK 3 orders
}

func ExamplePerRPCCredentials() {
	client := onAzure(aztoken.Options{})
	defer client.Close()
	// gRPC calls it for each call.
	metadata, err := client.PerRPCCredentials("https://orders.example.com").GetRequestMetadata(context.Background())
	fmt.Println(strings.HasPrefix(metadata["authorization"], "Bearer "), err)
	// Output: true <nil>
}

func ExampleToken() {
	client := onAzure(aztoken.Options{})
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	token.ExpiresOn = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	fmt.Println(token)
	fmt.Printf("%#v\n", token)
	// Output:
	// Token(https://orders.example.com, expires 2026-11-24T12:00:00Z, REDACTED)
	// Token(https://orders.example.com, expires 2026-11-24T12:00:00Z, REDACTED)
}

func ExampleToken_Value() {
	client := onAzure(aztoken.Options{})
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	header := "Bearer " + token.Value()
	fmt.Println(header[:11])
	// Output: Bearer eyJh
}

func ExampleToken_UnverifiedClaims() {
	client := onAzure(aztoken.Options{})
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	claims, err := token.UnverifiedClaims()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims.Audience, claims.ClientID)
	// Output: https://orders.example.com c0000000-0000-4000-8000-000000000001
}

func ExampleError() {
	imds := imdstest.New(nil)
	imds.Break(imdstest.Error(400, "invalid_request", "Identity not found"))
	opts := aztoken.Options{Endpoint: imds.URL}
	opts.Transport = imds
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	_, err = client.Token(context.Background(), "https://orders.example.com")
	var e *aztoken.Error
	if errors.As(err, &e) {
		fmt.Println(e.StatusCode, e.Code)
	}
	fmt.Println(errors.Is(err, aztoken.ErrIdentityNotFound))
	fmt.Println(err)
	// Output:
	// 400 invalid_request
	// true
	// aztoken: no token for "https://orders.example.com" from IMDS at http://imds.test (as configured): 400 Bad Request: invalid_request: Identity not found; assign the identity to this host, or correct its id; a new assignment takes some minutes (Options.ID)
}

func ExampleHalfLife() {
	client := onAzure(aztoken.Options{Refresh: aztoken.HalfLife()}) // as is the zero value
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	wait, life := token.RefreshOn.Sub(token.AcquiredOn), token.ExpiresOn.Sub(token.AcquiredOn)
	fmt.Println(life/3 <= wait, wait < life/2)
	// Output: true true
}

func ExampleMaxAge() {
	client := onAzure(aztoken.Options{Refresh: aztoken.MaxAge(time.Hour)})
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	wait := token.RefreshOn.Sub(token.AcquiredOn)
	fmt.Println(54*time.Minute <= wait, wait <= time.Hour)
	// Output: true true
}

func ExampleFederation() {
	// A tenant whose app registration trusts the machine's managed identity.
	imds := imdstest.New(&imdstest.Options{Applications: []imdstest.Application{{}}})
	opts := aztoken.Options{Federation: &aztoken.Federation{
		TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID,
	}}
	opts.Transport = imds // on Azure: nothing
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	token, err := client.Token(context.Background(), "https://orders.example.com")
	if err != nil {
		log.Fatal(err)
	}
	claims, _ := token.UnverifiedClaims()
	fmt.Println(claims.ClientID == imdstest.DefaultApplicationID, time.Until(token.ExpiresOn).Round(time.Minute))
	// Output: true 1h15m0s
}

func ExampleFederation_assertion() {
	// In a CI system the assertion is its own OpenID Connect token, which the app registration
	// trusts.
	imds := imdstest.New(&imdstest.Options{Applications: []imdstest.Application{{
		FederatedCredentials: []imdstest.FederatedCredential{{Issuer: "https://ci.example", Subject: "repo:contoso/orders"}},
	}}})
	opts := aztoken.Options{Federation: &aztoken.Federation{
		TenantID: imdstest.DefaultTenantID,
		ClientID: imdstest.DefaultApplicationID,
		Assertion: func(context.Context) (string, error) {
			return imds.Issuer().MintAssertion("https://ci.example", "repo:contoso/orders", "api://AzureADTokenExchange"), nil
		},
	}}
	opts.Transport = imds
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	_, err = client.Token(context.Background(), "https://orders.example.com")
	fmt.Println(err)
	// Output: <nil>
}
