package verify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// fakeEntra stands in for Entra ID, so that the examples run anywhere. Its machine has the role
// consumer.
func fakeEntra() *imdstest.Server {
	return imdstest.New(&imdstest.Options{OptionalClaims: []string{"idtyp"}, Identities: []imdstest.Identity{{
		SystemAssigned: true, Roles: map[string][]string{"https://orders.example.com": {"consumer"}},
	}}})
}

// exampleVerifier returns a verifier as in the example of New.
func exampleVerifier(entra *imdstest.Server) *verify.Verifier {
	verifier, err := verify.New(&verify.Options{
		Audiences:  []string{"https://orders.example.com"},
		Tenants:    []string{imdstest.DefaultTenantID},
		Authority:  "https://imds.test",
		HTTPClient: entra.Client(),
	})
	if err != nil {
		panic(err)
	}
	return verifier
}

func ExampleNew() {
	entra := fakeEntra()
	verifier, err := verify.New(&verify.Options{
		Audiences: []string{"https://orders.example.com"},
		Tenants:   []string{imdstest.DefaultTenantID},
		// A service needs neither of these; with them a test gets the keys of the fake.
		Authority:  "https://imds.test",
		HTTPClient: entra.Client(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()

	claims, err := verifier.Verify(context.Background(), entra.Mint("https://orders.example.com"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(claims.ObjectID, claims.Roles)
	// Output: 0b000000-0000-4000-8000-000000000001 [consumer]
}

func ExampleNew_mistake() {
	_, err := verify.New(&verify.Options{Audiences: []string{"https://orders.example.com"}})
	fmt.Println(err)
	// Output: verify: Options.Tenants is empty; set it to the GUID of your tenant, or set AnyTenant to accept the tokens of every tenant there is
}

func ExampleVerifier_Handler() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()
	orders := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "tea") })

	mux := http.NewServeMux()
	mux.Handle("GET /orders", verifier.Handler(orders, verify.Role("consumer")))
	mux.Handle("DELETE /orders", verifier.Handler(orders, verify.Role("admin"), verify.AppOnly()))

	call := func(method, token string) {
		r := httptest.NewRequest(method, "/orders", nil)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(method, w.Code)
		if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
			fmt.Println("    " + challenge)
		}
	}
	call("GET", entra.Mint("https://orders.example.com"))
	call("GET", "")
	call("GET", entra.Mint("https://graph.microsoft.com"))
	call("DELETE", entra.Mint("https://orders.example.com"))
	// Output:
	// GET 200
	// GET 401
	//     Bearer realm="api"
	// GET 401
	//     Bearer error="invalid_token", error_description="the token is not accepted"
	// DELETE 403
	//     Bearer error="insufficient_scope", error_description="a requirement of this route is not met"
}

func ExampleVerifier_Handler_requirement() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	notTheBillingJob := func(c *verify.Claims) error {
		if c.ClientID == imdstest.DefaultClientID {
			return errors.New("the billing job reads no orders")
		}
		return nil
	}
	h := verifier.Handler(http.NotFoundHandler(), verify.Role("consumer"), notTheBillingJob)
	r := httptest.NewRequest("GET", "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+entra.Mint("https://orders.example.com"))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 403
}

func ExampleFromContext() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	h := verifier.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Println(claims.ClientID, "of tenant", claims.TenantID)
		fmt.Println(claims.HasRole("consumer"), claims.AppOnly)
	}))
	r := httptest.NewRequest("GET", "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+entra.Mint("https://orders.example.com"))
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output:
	// c0000000-0000-4000-8000-000000000001 of tenant 7e000000-0000-4000-8000-000000000001
	// true true
}

func ExampleVerifier_Verify() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	for _, token := range []string{
		entra.Mint("https://orders.example.com"),
		entra.Mint("https://orders.example.com", func(j *imdstest.JWT) { j.Claims["exp"] = time.Now().Add(-time.Hour).Unix() }),
		entra.Mint("https://graph.microsoft.com", func(j *imdstest.JWT) { j.Header["nonce"] = "AQAB" }),
		"not a token",
	} {
		_, err := verifier.Verify(context.Background(), token)
		switch {
		case err == nil:
			fmt.Println("good")
		case errors.Is(err, verify.ErrKeysUnavailable):
			fmt.Println("says nothing about the token: answer 503")
		case errors.Is(err, verify.ErrExpired):
			fmt.Println("expired")
		default:
			fmt.Println(err)
		}
	}
	// Output:
	// good
	// expired
	// verify: a token for a Microsoft API: found a nonce in its header; the caller must ask for a token for this service's own App ID URI
	// verify: malformed token: it is not three parts of base64url separated by dots; send an access token of Entra ID unchanged, in the header Authorization: Bearer
}
