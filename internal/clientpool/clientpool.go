// Package clientpool holds the clients of one served identity: its own client and, if the
// configuration has no id for it, a client for each id that callers name.
package clientpool

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
)

// maxOthers bounds the identities that callers may name. A host rarely has more than a few.
const maxOthers = 16

// closeTimeout is longer than a client's Close waits for a source that ignores its context.
const closeTimeout = 6 * time.Second

// Options describe a Pool.
type Options struct {
	// Name is that of the identity, for metrics.
	Name string
	// ID is asked for upstream, nil for the host's default identity.
	ID aztoken.ID
	// IDs are all forms by which callers may name the identity. Without any, callers may also name
	// other identities.
	IDs []identityapi.ID
	// AnyID makes every id mean the identity, because a developer has only one.
	AnyID bool
	// NewClient makes the client of an identity.
	NewClient func(aztoken.ID) (*aztoken.Client, error)
}

// Member is one client.
type Member struct {
	Name   string
	Client *aztoken.Client
}

// Pool is safe for concurrent use.
type Pool struct {
	options Options
	own     Member
	closing *lifetime.Lifetime

	mu     sync.Mutex // guards others. No client is closed under it.
	others map[identityapi.ID]Member
}

// New returns a Pool with the identity's own client.
func New(o Options) (*Pool, error) {
	own, err := o.NewClient(o.ID)
	if err != nil {
		return nil, err
	}
	var ids []identityapi.ID
	for _, id := range o.IDs {
		ids = append(ids, fold(id))
	}
	o.IDs = ids
	return &Pool{options: o, own: Member{o.Name, own}, closing: lifetime.New(), others: map[identityapi.ID]Member{}}, nil
}

// fold returns an id without letter case, which does not matter in any of them.
func fold(id identityapi.ID) identityapi.ID {
	return identityapi.ID{Kind: id.Kind, Value: strings.ToLower(id.Value)}
}

// Own returns the identity's own client.
func (p *Pool) Own() *aztoken.Client { return p.own.Client }

// Of returns the client of the identity that a caller names, or nil if that identity is not served.
func (p *Pool) Of(asked identityapi.ID) (*aztoken.Client, error) {
	asked = fold(asked)
	switch {
	case asked.Value == "" || p.options.AnyID || slices.Contains(p.options.IDs, asked):
		return p.own.Client, nil
	case len(p.options.IDs) > 0:
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other, known := p.others[asked]; known {
		return other.Client, nil
	}
	if len(p.others) >= maxOthers && !p.evict() {
		return nil, nil
	}
	client, err := p.options.NewClient(public(asked))
	if err != nil {
		return nil, err
	}
	p.others[asked] = Member{asked.Value, client}
	return client, nil
}

// evict makes room by removing one identity that has no token, such as one that does not exist.
// p.mu is held.
func (p *Pool) evict() bool {
	for id, other := range p.others {
		if !hasToken(other.Client) {
			delete(p.others, id)
			p.closing.Go(func() { _ = other.Client.Close() })
			return true
		}
	}
	return false
}

func hasToken(c *aztoken.Client) bool {
	return slices.ContainsFunc(c.Status().Resources, func(r aztoken.ResourceStatus) bool { return !r.ExpiresOn.IsZero() })
}

func public(id identityapi.ID) aztoken.ID {
	switch id.Kind {
	case identityapi.ClientID:
		return aztoken.ClientID(id.Value)
	case identityapi.ObjectID:
		return aztoken.ObjectID(id.Value)
	default:
		return aztoken.ResourceID(id.Value)
	}
}

// All returns all clients: the identity's own, and the others by their names.
func (p *Pool) All() []Member {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := append([]Member{p.own}, slices.Collect(maps.Values(p.others))...)
	slices.SortFunc(all[1:], func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Close closes the clients, all at once.
func (p *Pool) Close() {
	for _, m := range p.All() {
		p.closing.Go(func() { _ = m.Client.Close() })
	}
	p.closing.End()
	p.closing.Wait(closeTimeout)
}
