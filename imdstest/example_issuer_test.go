package imdstest_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// serviceOf returns a verifier of a service that trusts imds.
func serviceOf(imds *imdstest.Server) *verify.Verifier {
	verifier, err := verify.New(imds.VerifierOptions(&verify.Options{Audiences: []string{"https://orders.example"}, AllowRoleless: true}))
	if err != nil {
		panic(err)
	}
	return verifier
}

// A service and the keys of Entra ID.
func ExampleIssuer() {
	imds := imdstest.New(nil)
	entra := imds.Issuer()
	service := serviceOf(imds)
	defer func() { _ = service.Close() }()
	call := func(when, token string) {
		status := http.StatusOK
		if _, err := service.Verify(context.Background(), token); err != nil {
			status = service.Refusal(err).StatusCode()
		}
		fmt.Printf("%s: %d\n", when, status)
	}
	token := imds.Mint("https://orders.example")
	entra.BreakFor(time.Hour, imdstest.NotJSON())
	call("a proxy answers in place of Entra ID", token)

	entra.Recover()
	_ = service.Close()
	service = serviceOf(imds)
	entra.Next(imdstest.Slow(time.Millisecond)) // for one fetch of keys
	call("Entra ID is slow", token)

	entra.Break(imdstest.EntraDown())
	entra.RotateKey()
	call("it is down, and the key is known", token)
	call("it is down, and the key is not", imds.Mint("https://orders.example"))

	entra.Recover()
	entra.PublishKey()   // before its first use
	entra.WithdrawKeys() // the one that has signed the token, and the one ahead
	_ = service.Close()
	service = serviceOf(imds)
	call("after a start, by the key of now", imds.Mint("https://orders.example"))
	call("after a start, by a key withdrawn", token)

	fmt.Println("fetches of keys:", entra.Count(), "and of discovery:", len(entra.Requests())-entra.Count())
	// Output:
	// a proxy answers in place of Entra ID: 503
	// Entra ID is slow: 200
	// it is down, and the key is known: 200
	// it is down, and the key is not: 503
	// after a start, by the key of now: 200
	// after a start, by a key withdrawn: 401
	// fetches of keys: 3 and of discovery: 5
}

// A key that Entra ID does not have, and then has.
func ExampleIssuer_Publish() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	imds := imdstest.New(nil)
	token := imds.Mint("https://orders.example", func(j *imdstest.JWT) {
		j.Header["kid"], j.Key = "ours", key
	})
	verified := func() {
		service := serviceOf(imds)
		defer service.Close()
		_, err := service.Verify(context.Background(), token)
		fmt.Println(err == nil)
	}
	verified()
	imds.Issuer().Publish(imdstest.JWK("ours", &key.PublicKey))
	verified()
	// Output:
	// false
	// true
}

func ExampleJWK() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	jwk := imdstest.JWK("ours", &key.PublicKey)
	jwk["use"] = "enc" // so that it must not verify any signature
	imdstest.New(nil).Issuer().Publish(jwk)
	fmt.Println(jwk["kty"], jwk["kid"], jwk["e"])
	// Output: RSA ours AQAB
}

// A CI system's token is the credential of an app registration.
func ExampleIssuer_MintAssertion() {
	imds := imdstest.New(&imdstest.Options{Applications: []imdstest.Application{{
		FederatedCredentials: []imdstest.FederatedCredential{{Issuer: "https://ci.example", Subject: "repo:shop/orders"}},
	}}})
	opts := aztoken.Options{Federation: &aztoken.Federation{
		TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID,
		Assertion: func(context.Context) (string, error) {
			return imds.Issuer().MintAssertion("https://ci.example", "repo:shop/orders", "api://AzureADTokenExchange"), nil
		},
	}}
	opts.Transport = imds
	client, err := aztoken.NewClient(&opts)
	if err != nil {
		panic(err)
	}
	defer client.Close()
	token, err := client.Token(context.Background(), "https://orders.example")
	fmt.Println(time.Until(token.ExpiresOn).Round(time.Minute), err)
	// Output: 1h15m0s <nil>
}
