package imdstest

import (
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
)

// Issuer is the token issuer behind a [Server]: its keys, and the discovery and key documents by
// which services verify tokens. Its faults are apart from those of token requests.
type Issuer struct{ engine *fakeazure.Server }

// Issuer returns the token issuer of the server.
func (s *Server) Issuer() *Issuer { return &Issuer{s.engine} }

// Break applies f to every request for discovery documents and keys until [Issuer.Recover], in
// place of an earlier Break or BreakFor. Token requests are not affected. [Fault.KeysOnly] and
// [Fault.DiscoveryOnly] limit f to one of the two. This poisons the keys:
//
//	imds.Issuer().Break(imdstest.Body(200, "application/json", `{"keys":[]}`).KeysOnly())
//
// An [EntraDown] of [Server.Break] shows only if f does not answer by itself.
func (i *Issuer) Break(f Fault) { i.engine.Documents.Break(f.fault) }

// BreakFor is [Issuer.Break] for d from now on. It uses package time, so its time is virtual inside
// a bubble of [testing/synctest].
func (i *Issuer) BreakFor(d time.Duration, f Fault) { i.engine.Documents.BreakFor(d, f.fault) }

// Next sets faults for the next requests for keys, one for each, in order. They come after those of
// an earlier Next and before what [Issuer.Break] or [Issuer.BreakFor] say. Requests for discovery
// documents take none of them, so that one fault is one fetch of keys; but a fault with
// [Fault.DiscoveryOnly] is for the next of those.
func (i *Issuer) Next(faults ...Fault) { i.engine.Documents.NextKeys(engineFaults(faults)...) }

// Recover ends every fault of Break, BreakFor and Next. Requests that already hang keep hanging.
// [Server.Recover] is for token requests.
func (i *Issuer) Recover() { i.engine.Documents.Recover() }

// Requests returns the requests for discovery documents and keys, oldest first, also those still
// under way. Only the last 10 000 are kept.
func (i *Issuer) Requests() []Request { return requests(i.engine.Documents.Requests()) }

// Count returns the number of requests for keys since the start, without those for discovery
// documents.
func (i *Issuer) Count() int { return i.engine.Documents.KeyFetches() }

// RotateKey makes another key sign from now on: the next one that [Issuer.PublishKey] published, or
// else a new one. The keys before it stay published. Tokens that the platform keeps are given out
// as they are, see [Options.MintAfter].
//
// The first use of a key in a process generates it, which takes a good part of a second of real
// time; all servers of a process share the same keys.
func (i *Issuer) RotateKey() { i.engine.Issuer().RotateKey() }

// PublishKey publishes a new key before its first use, as Entra does.
func (i *Issuer) PublishKey() { i.engine.Issuer().PublishKey() }

// WithdrawKeys removes all published keys but the one that signs now. They never come back, not
// even those that were published in advance or by [Issuer.Publish].
func (i *Issuer) WithdrawKeys() { i.engine.Issuer().WithdrawKeys() }

// Publish adds a key of the test's own to the key documents, as it is and behind the server's.
// [JWK] has its usual members, and [JWT] signs with it. Publish panics if the key cannot be written
// as JSON.
func (i *Issuer) Publish(jwk map[string]any) {
	if err := i.engine.Issuer().Publish(jwk); err != nil {
		panic(fmt.Sprintf("imdstest: %v", err))
	}
}

// assertionLifetime is about that of a CI system's token.
const assertionLifetime = 10 * time.Minute

// MintAssertion returns a token of another issuer than Entra ID, such as a CI system's, for a
// [FederatedCredential] that trusts it. It is valid for ten minutes from now on. The edits may
// change it before it is signed. Entra accepts it with any issuer, because the server's own keys
// sign it:
//
//	imds.Issuer().MintAssertion("https://token.actions.githubusercontent.com",
//		"repo:shop/orders:ref:refs/heads/main", "api://AzureADTokenExchange")
//
// It panics if the token cannot be written as JSON, or its Key cannot sign.
func (i *Issuer) MintAssertion(issuerURL, subject, audience string, edits ...func(*JWT)) string {
	now := time.Now()
	token, err := i.engine.Issuer().MintForeign(issuerURL, subject, audience, now, now.Add(assertionLifetime), func(j *issuer.JWT) {
		for _, edit := range edits {
			edit((*JWT)(j))
		}
	})
	if err != nil {
		panic(fmt.Sprintf("imdstest: %v", err))
	}
	return token
}

// JWK returns a public key in the form of RFC 7517, with the members kty, use, kid, n and e. A test
// of what a service makes of odd keys changes them before it calls [Issuer.Publish].
func JWK(kid string, key *rsa.PublicKey) map[string]any { return issuer.JWK(kid, key) }
