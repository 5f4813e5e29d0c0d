package verify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/verify"
)

// withToken returns a request with a token.
func withToken(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/orders", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// statusOf returns the status with which h answers r.
func statusOf(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

// Custom middleware, for a framework whose handlers are not an http.Handler.
func ExampleBearerToken() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	authenticate := func(r *http.Request) (*http.Request, *verify.Error) {
		token, err := verify.BearerToken(r)
		if err != nil {
			return nil, verifier.Refusal(err)
		}
		claims, err := verifier.Authorize(r.Context(), token, verify.Role("consumer"))
		if err != nil {
			return nil, verifier.Refusal(err)
		}
		r = r.WithContext(verify.NewContext(r.Context(), claims))
		r.Header.Del("Authorization")
		return r, nil
	}
	for _, r := range []*http.Request{
		withToken(entra.Mint("https://orders.example.com")),
		httptest.NewRequest(http.MethodGet, "/orders", nil),
	} {
		r, refusal := authenticate(r)
		if refusal != nil {
			fmt.Println(refusal.StatusCode(), refusal.Challenge())
			continue
		}
		claims, _ := verify.FromContext(r.Context())
		fmt.Println(200, claims.Roles)
	}
	// Output:
	// 200 [consumer]
	// 401 Bearer realm="api"
}

// The test of a handler needs no token: claims in the context are enough.
func ExampleNewContext() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if claims, ok := verify.FromContext(r.Context()); !ok || !claims.HasRole("admin") {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	r := httptest.NewRequest(http.MethodDelete, "/orders/1", nil)
	fmt.Println(statusOf(handler, r))
	r = r.WithContext(verify.NewContext(r.Context(), &verify.Claims{Roles: []string{"admin"}}))
	fmt.Println(statusOf(handler, r))
	// Output:
	// 403
	// 200
}

// The on-behalf-of flow exchanges the token of the caller for one to the next service.
func ExampleTokenFromContext() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	token := entra.Mint("https://orders.example.com")
	h := verifier.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		// For azidentity.NewOnBehalfOfCredentialWithSecret(…, assertion, …).
		assertion, ok := verify.TokenFromContext(r.Context())
		fmt.Println(ok, assertion == token)
	}), verify.Role("consumer"))
	statusOf(h, withToken(token))
	// Output: true true
}

func ExampleNewTokenContext() {
	ctx := verify.NewTokenContext(context.Background(), "the token of a caller")
	token, ok := verify.TokenFromContext(ctx)
	fmt.Println(token, ok)
	fmt.Println(ctx) // ctx may end up in a log
	// Output:
	// the token of a caller true
	// context.Background.WithValue(verify.tokenKey, REDACTED)
}

func ExampleVerifier_Middleware() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	consumers := verifier.Middleware(verify.Role("consumer")) // chi: router.Use(consumers)
	h := consumers(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	fmt.Println(statusOf(h, withToken(entra.Mint("https://orders.example.com"))))
	fmt.Println(statusOf(h, withToken(entra.Mint("https://invoices.example.com"))))
	// Output:
	// 200
	// 401
}

func ExampleVerifier_Authorize() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()

	token := entra.Mint("https://orders.example.com")
	claims, err := verifier.Authorize(context.Background(), token, verify.Role("consumer"), verify.AppOnly())
	fmt.Println(claims.ObjectID, err)
	_, err = verifier.Authorize(context.Background(), token, verify.Role("admin"))
	fmt.Println(err)
	// Output:
	// 0b000000-0000-4000-8000-000000000001 <nil>
	// verify: missing role: found "consumer" in the token of object id "0b000000-0000-4000-8000-000000000001", client id "c0000000-0000-4000-8000-000000000001", wanted "admin"; assign the role to the caller; tokens already issued keep their roles for up to 24 h
}

func ExampleVerifier_Refusal() {
	entra := fakeEntra()
	verifier, err := verify.New(entra.VerifierOptions(&verify.Options{
		Audiences: []string{"https://orders.example.com"},
		// MCP clients need this: they look there for the issuer of tokens.
		ResourceMetadata: "https://orders.example.com/.well-known/oauth-protected-resource",
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()
	_, err = verifier.Verify(context.Background(), "not a token")
	refusal := verifier.Refusal(err)
	fmt.Println(refusal.StatusCode(), refusal.Challenge())
	// Output:
	// 401 Bearer resource_metadata="https://orders.example.com/.well-known/oauth-protected-resource", error="invalid_token", error_description="the token is not accepted"
}

// The parts of an answer, and what the log has.
func ExampleError() {
	entra := fakeEntra()
	verifier := exampleVerifier(entra)
	defer verifier.Close()
	entra.Issuer().Next(imdstest.EntraDown()) // for one fetch of keys

	_, err := verifier.Verify(context.Background(), entra.Mint("https://orders.example.com"))
	var refusal *verify.Error
	if errors.As(err, &refusal) {
		fmt.Println(refusal.StatusCode(), refusal.RetryAfter > 0, refusal.Challenge() == "")
	}

	verifier = exampleVerifier(entra) // after a start
	defer verifier.Close()
	_, err = verifier.Verify(context.Background(), entra.Mint("https://invoices.example.com"))
	if errors.As(err, &refusal) {
		fmt.Println(refusal.StatusCode(), refusal.Challenge())
		fmt.Println("found:", refusal.Found, "wanted:", refusal.Wanted)
		fmt.Println("advice:", refusal.Advice)
	}
	// Output:
	// 503 true true
	// 401 Bearer error="invalid_token", error_description="the token is not accepted"
	// found: "https://invoices.example.com" wanted: "https://orders.example.com"
	// advice: the caller must ask for a token for this service, or the audience must be added to Options.Audiences exactly as it is
}
