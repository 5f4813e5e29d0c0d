// Package verify is the service's side of an authenticated call: it checks the access tokens of
// Entra ID, above all those of managed identities, and continues to do so while Entra ID is down.
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
// of a tenant can get a token without roles for every API of it, so such a token only identifies
// its bearer.
//
// # Keys
//
// The keys are fetched when the first token comes, and then every hour in the background. The last
// good keys stay in use for 24 hours. An unknown key is searched for at most once in five minutes,
// and a key that the newest answer lacks stays in use until all answers of an hour have lacked it.
// A request with a valid token of a known key never waits for this, and no other request waits for
// more than ten seconds.
//
// # Errors
//
// If a token cannot be checked at the moment, the answer is a 503 and the error wraps
// [ErrUnavailable]: a 401 would make the caller throw away a token that may be valid.
//
// Verified tokens are cached for five minutes, because a managed identity sends the same one for
// hours.
package verify
