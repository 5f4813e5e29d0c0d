// Package platform simulates what is between an identity endpoint and Entra ID: the machine's
// identities, and the tokens that are kept for them.
package platform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/cluster"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// lastMoments is the remaining life below which a kept token is not returned any more.
const lastMoments = 5 * time.Second

// Options say what a machine has.
type Options struct {
	Identities []Identity    // nil: one system-assigned identity; empty, but not nil: none
	Resources  []string      // that the tenant knows, compared exactly; nil: every resource
	MintAfter  time.Duration // the age up to which a token is kept; negative: none is kept

	Applications []Application // of the tenant
}

// Platform is the platform of one machine. It is safe for concurrent use.
type Platform struct {
	issuer  *issuer.Issuer
	cluster *cluster.Cluster
	options Options

	mu   sync.Mutex // guards kept, and is held while minting; the issuer's is taken under it
	kept map[keptFor]issuer.Token
}

type keptFor struct {
	identity *Identity
	resource string
}

// New returns a platform whose tokens are of an issuer, and whose pods are of a cluster. Its error
// names the option that is wrong.
func New(i *issuer.Issuer, c *cluster.Cluster, o Options) (*Platform, error) {
	if o.Identities == nil {
		o.Identities = []Identity{{SystemAssigned: true}}
	}
	o.Resources, o.Identities = slices.Clone(o.Resources), slices.Clone(o.Identities)
	for n := range o.Identities {
		o.Identities[n] = o.Identities[n].filled(n + 1)
	}
	p := &Platform{issuer: i, cluster: c, options: o, kept: make(map[keptFor]issuer.Token)}
	return p, p.register(o.Applications)
}

// Identities returns those of the machine, without blanks.
func (p *Platform) Identities() []Identity { return slices.Clone(p.options.Identities) }

// register adds the applications.
func (p *Platform) register(all []Application) error {
	p.options.Applications = nil
	for n, a := range all {
		a = a.filled(n+1, p.issuer.URL(), p.DefaultIdentity())
		_, twice := p.application(a.ClientID)
		if id, _ := choose(p.options.Identities, identityapi.ID{Kind: identityapi.ClientID, Value: a.ClientID}, OwnAlone); id != nil || twice {
			return fmt.Errorf("%s[%d] has the client id %s, which is another's; give each its own", "Applications", n, a.ClientID)
		}
		p.options.Applications = append(p.options.Applications, a)
	}
	return nil
}

// HasApplications reports whether there are any: a program needs Entra's address for them.
func (p *Platform) HasApplications() bool { return len(p.options.Applications) > 0 }

// DefaultIdentity returns the system-assigned identity, or else the first one, or one that does not
// exist.
func (p *Platform) DefaultIdentity() Identity {
	if id, _ := choose(p.options.Identities, identityapi.ID{}, OwnOrFirst); id != nil {
		return *id
	}
	return Identity{}.filled(1)
}

// Mint returns a token that the platform would not issue, see [issuer.Issuer.Mint]. It starts from
// what the default identity would get.
func (p *Platform) Mint(resource string, edits ...func(*issuer.JWT)) (string, error) {
	return p.issuer.Mint(p.DefaultIdentity().subject(resource), resource, time.Now(), edits...)
}

// Source is the source of one request. It implements [identityapi.Source].
type Source struct {
	Platform *Platform
	Unnamed  Choice

	// Refusal is what Entra ID answers now. Nil: it issues tokens.
	Refusal *identityapi.Failure

	// Minted says after Token that the token is a new one.
	Minted bool
}

// Token returns a token, from those that are kept if the rules allow.
func (s *Source) Token(_ context.Context, r identityapi.Request) (identityapi.Token, *identityapi.Failure) {
	id, why := choose(s.Platform.options.Identities, r.ID, s.Unnamed)
	if id == nil {
		return identityapi.Token{}, &identityapi.Failure{Reason: why}
	}
	token, minted, failure := s.Platform.issue(id, r, s.Refusal)
	if failure != nil {
		return identityapi.Token{}, failure
	}
	s.Minted = minted
	return success(*id, token), nil
}

func success(id Identity, t issuer.Token) identityapi.Token {
	return identityapi.Token{
		Value:      t.Value,
		ExpiresOn:  t.ExpiresOn,
		NotBefore:  t.NotBefore,
		FirstLife:  time.Duration(t.ExpiresOn.Unix()-t.Minted.Unix()) * time.Second,
		ClientID:   id.ClientID,
		ObjectID:   id.ObjectID,
		ResourceID: id.ResourceID,
	}
}

// issue returns a token, and whether it is a new one.
func (p *Platform) issue(id *Identity, r identityapi.Request, refusal *identityapi.Failure) (
	token issuer.Token, minted bool, failure *identityapi.Failure,
) {
	now := time.Now()
	keeps := p.options.MintAfter >= 0
	slot := keptFor{id, r.Resource}
	if keeps {
		// Held while minting, so that many requests at once get one token, as they do from a cache.
		p.mu.Lock()
		defer p.mu.Unlock()
		token, found := p.kept[slot]
		down := refusal != nil && refusal.Reason == identityapi.EntraDown
		if found && alive(token, now) && !hasHash(token, r.Rejected) && (down || now.Sub(token.Minted) < p.options.MintAfter) {
			return token, false, nil
		}
	}
	if refusal != nil {
		return issuer.Token{}, false, refusal
	}
	if !p.knows(r.Resource) {
		return issuer.Token{}, false, &identityapi.Failure{
			Reason: identityapi.ResourceNotFound, Supported: p.options.Resources, Text: p.applicationNotFound(r.Resource),
		}
	}
	token = p.issuer.Issue(id.subject(r.Resource), r.Resource, now)
	if keeps {
		p.kept[slot] = token
	}
	return token, true, nil
}

// knows reports whether the tenant has the resource.
func (p *Platform) knows(resource string) bool {
	return issuer.IsTokenExchange(resource) || p.options.Resources == nil || slices.Contains(p.options.Resources, resource)
}

// applicationNotFound is Entra's answer to the platform about a resource that it does not know.
func (p *Platform) applicationNotFound(resource string) string {
	return fmt.Sprintf("AADSTS50001: The application named %s wasn't found in the tenant named %s. "+
		"This can happen if the application has not been installed by the administrator of the tenant "+
		"or consented to by any user in the tenant. "+
		"You might have sent your authentication request to the wrong tenant.",
		resource, p.issuer.TenantID())
}

// hasHash reports whether t is the token with this SHA-256.
func hasHash(t issuer.Token, hash string) bool {
	if hash == "" {
		return false
	}
	sum := sha256.Sum256([]byte(t.Value))
	return hash == hex.EncodeToString(sum[:])
}

func alive(t issuer.Token, now time.Time) bool { return t.ExpiresOn.Sub(now) > lastMoments }
