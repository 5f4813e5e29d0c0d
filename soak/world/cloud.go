package world

import (
	"net/http"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/soak/plan"
	"github.com/seed-ac726066/aztoken/soak/rules"
)

// cloud is the fake identity endpoint and Entra ID, and what they have issued. All use of imdstest
// is here.
type cloud struct {
	fake     *imdstest.Server
	lifetime time.Duration

	// mu guards what follows. Under it no other lock of this package is taken.
	mu        sync.Mutex
	issued    map[string]time.Time // the tokens that a client got, and their ends on both clocks
	published map[string]time.Time // the published keys by kid, and since when
}

func newCloud(s Setting) *cloud {
	c := &cloud{
		lifetime: s.Lifetime, issued: map[string]time.Time{}, published: map[string]time.Time{},
		fake: imdstest.New(&imdstest.Options{
			TokenLifetime: s.Lifetime, MintAfter: s.mintAfter(),
			Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{orders: {role}}}},
		}),
	}
	c.notePublished(false)
	return c
}

// role is what the service demands of its callers.
const role = "consumer"

// tenant is the tenant that the tokens come from.
func (c *cloud) tenant() string { return imdstest.DefaultTenantID }

// endpointURL is the base URL of the identity endpoint.
func (c *cloud) endpointURL() string { return c.fake.URL }

// transport carries requests to the endpoint and to Entra ID without a socket.
func (c *cloud) transport() http.RoundTripper { return c.fake }

// handler serves the endpoint and Entra ID.
func (c *cloud) handler() http.Handler { return c.fake }

func (c *cloud) close() { c.fake.Close() }

func (c *cloud) breakEndpoint(f imdstest.Fault) { c.fake.Break(f) }

func (c *cloud) recoverEndpoint() { c.fake.Recover() }

// hangOnce leaves the next request to the endpoint without an answer.
func (c *cloud) hangOnce() { c.fake.Next(imdstest.Hang()) }

func (c *cloud) breakKeys(f imdstest.Fault) { c.fake.Issuer().Break(f) }

func (c *cloud) recoverKeys() { c.fake.Issuer().Recover() }

// mint returns a token that no client got.
func (c *cloud) mint(resource string) string { return c.fake.Mint(resource) }

func (c *cloud) rotate(r plan.KeyRotation) {
	if r.Sign {
		c.fake.Issuer().RotateKey()
	}
	if r.Publish {
		c.fake.Issuer().PublishKey()
	}
	if r.Withdraw {
		c.fake.Issuer().WithdrawKeys()
	}
	for _, key := range r.Odd {
		c.fake.Issuer().Publish(key)
	}
	c.notePublished(r.Withdraw)
}

// notePublished notes that the key that signs now is published, and no other if alone. A key that
// was published ahead counts from when it signs, which asks less of the verifier.
func (c *cloud) notePublished(alone bool) {
	token, _ := rules.ReadToken(c.mint(orders))
	c.mu.Lock()
	defer c.mu.Unlock()
	since, ok := c.published[token.KeyID]
	if !ok {
		since = time.Now()
	}
	if alone {
		clear(c.published)
	}
	c.published[token.KeyID] = since
}

// publishedSince returns since when a key is published, zero if it is not.
func (c *cloud) publishedSince(kid string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.published[kid]
}

// noteIssued notes a token that a client got. A platform that returns the same token again computes
// what is left of it by its own clock; what it said once holds.
func (c *cloud) noteIssued(r rules.Reply, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if end := rules.OnBothClocks(now, r.End); end.After(c.issued[r.Value]) {
		c.issued[r.Value] = end
	}
	for value, end := range c.issued {
		if now.Sub(end) > c.lifetime {
			delete(c.issued, value)
		}
	}
}

// endOf returns when a token ends, zero if no client got it.
func (c *cloud) endOf(token string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.issued[token]
}
