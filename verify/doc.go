// Package verify is the service's side of an authenticated call: it checks the access tokens of Entra ID, those of managed
// identities first of all, and goes on doing so while Entra ID is down.
//
//	verifier, err := verify.New(verify.Options{
//		Audiences: []string{"https://orders.example.com"},
//		Tenants:   []string{"7e000000-0000-4000-8000-000000000001"},
//	})
//	if err != nil { … }
//	defer verifier.Close()
//
//	mux.Handle("GET /orders", verifier.Handler(list, verify.Role("consumer")))
//	mux.Handle("DELETE /orders/{id}", verifier.Handler(remove, verify.Role("admin"), verify.AppOnly()))
//
// In a handler, [FromContext] tells who calls.
//
// A token is accepted if Entra signed it for one of the audiences and one of the tenants, it is valid now, and it has a role
// or a scope: every identity of a tenant can get a token without roles for every API of it, so such a token shows only
// that its bearer is somebody.
//
// The keys are fetched when the first token comes, and then every hour in the background. The last good ones serve for 24
// hours, a key that is not known is looked for at most once in five minutes, and no request with a good token waits for
// any of that. Tokens that were verified are remembered for five minutes, since a managed identity sends the same one for hours.
package verify
