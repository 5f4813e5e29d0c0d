// Package verify is the service's side of an authenticated call: it checks the access tokens of
// Entra ID, those of managed identities first of all, and goes on doing so while Entra ID is down.
//
//	verifier, err := verify.New(&verify.Options{
//		Audiences: []string{"https://orders.example.com"},
//		Tenants:   []string{"7e000000-0000-4000-8000-000000000001"},
//	})
//	if err != nil { … }
//	defer verifier.Close()
//
//	mux.Handle("GET /orders", verifier.Handler(list, verify.Role("consumer")))
//	mux.Handle("DELETE /orders/{id}",
//		verifier.Handler(remove, verify.Role("admin"), verify.AppOnly()))
//
// In a handler, [FromContext] returns the claims of the caller.
//
// # What is accepted
//
// A token is accepted if Entra signed it as an access token for one of the audiences and one of the
// tenants, it is valid now, it is not bound to a key, and it has a role or a scope: every identity
// of a tenant can get a token without roles for every API of it, so such a token only shows that
// its bearer is somebody.
//
// # Keys
//
// The keys are fetched when the first token comes, and then every hour in the background. The last
// good ones serve for 24 hours, an unknown key is looked for at most once in five minutes, and a
// key that the newest answer lacks serves on until all answers of an hour have lacked it. No
// request with a good token of a known key waits for any of that, and no other request waits for
// more than ten seconds.
//
// # Errors
//
// A token that cannot be checked at the moment is answered 503, and its error wraps
// [ErrUnavailable]: a 401 would make the caller throw away a token that may be good.
//
// Verified tokens are remembered for five minutes, since a managed identity sends the same one for
// hours.
package verify
