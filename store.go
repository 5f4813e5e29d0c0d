package aztoken

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/stored"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

const (
	// storeWait is how long a caller without a token waits for the store before the endpoint is
	// asked too. A disk or a Redis that works answers in milliseconds.
	storeWait = 250 * time.Millisecond
	// storeTimeout bounds a call of the store.
	storeTimeout = 5 * time.Second
	// closeSaveTime is how much longer a save may take once the client is closed.
	closeSaveTime = 2 * time.Second
	// turnTTL is how long a client without a token has the lock. A client that dies delays the
	// others no longer than that.
	turnTTL = 2 * time.Second
	// minTurn and maxTurn bound how long a client waits for the token that the holder of the lock
	// asks for. The time is random: after a fixed one all clients would ask at once.
	minTurn, maxTurn = 5 * time.Second, 15 * time.Second
	// refreshTTL is how long a refresh has the lock. One that fails leaves it to expire, so that a
	// fleet asks once a minute.
	refreshTTL = time.Minute
	// maxTend bounds the time until a token that the store has lost is put back, and maxTendRetry
	// the time until that is tried again while the store does not work.
	maxTend, maxTendRetry = 15 * time.Minute, 3 * time.Minute
	// confirmTime bounds the time until the endpoint confirms a loaded token of the default
	// identity: a clone of a disk image must not act as the original machine.
	confirmTime = 5 * time.Minute
	// clockTolerance is how far the acquisition of a stored token may lie ahead of this machine's
	// clock.
	clockTolerance = 5 * time.Minute
)

var (
	errStoreBesides = errors.New("aztoken: Options.Store keeps tokens of managed identities, as it is not known whose tokens " +
		"a credential returns; leave it nil beside Options.Credential")
	errStoreShared = errors.New("aztoken: a shared Options.Store needs an explicit identity, as the default one differs between " +
		"machines; set Options.ID")
	errOtherIdentity = errors.New("aztoken: the stored token was of another identity (oid) than the endpoint's; it is dropped")
)

// store is how the entries of a client use Options.Store.
type store struct {
	*tokenstore.Store
	name   tokenstore.Entry // what the entries of a client have in common
	id     hosts.ID         // the identity that was asked for
	tenant string           // of tokens without an explicit tenant, "" if it is not known
	// seed is that of the random numbers for a token's refresh: 0 if all processes use the same.
	seed      uint64
	process   uint64         // of the random numbers that differ between processes
	health    *stored.Health // one for all identities of a client
	observers *observers
	identity  string
}

// newStore returns the store of a client that asks p, nil if opts have none.
func newStore(opts *Options, p *endpoint, o *observers, health *stored.Health) (*store, error) {
	switch {
	case opts.Store == nil:
		return nil, nil
	case opts.Credential != nil:
		return nil, errStoreBesides
	case opts.Store.Shared() && p.id.Kind == hosts.Default:
		return nil, errStoreShared
	}
	s := &store{
		Store: opts.Store, name: p.entryName(), id: p.id, tenant: p.tenant, process: rand.Uint64(), health: health, observers: o, identity: p.identity,
	}
	if opts.Store.Shared() {
		// With the same numbers, a whole fleet would be due in the same second while the store is
		// down.
		s.seed = rand.Uint64()
	}
	return s, nil
}

// entry returns the name under which the token of r is kept.
func (s *store) entry(r request) tokenstore.Entry {
	name := s.name
	name.Resource, name.Tenant, name.CAE = r.resource, r.tenant, r.cae
	return name
}

// note records how a call of the store ended, and tells observers when that changes.
func (s *store) note(op stored.Operation, err error) {
	ev := Event{Time: time.Now(), Identity: s.identity}
	switch s.health.Note(op, err, ev.Time) {
	case stored.Failed:
		ev.Kind, ev.Err = EventStoreFailed, err
	case stored.Recovered:
		ev.Kind = EventStoreRecovered
	default:
		return
	}
	s.observers.tell(change{events: []Event{ev}})
}

// load returns what the store has under name. It is bounded by storeTimeout.
func (s *store) load(ctx context.Context, name tokenstore.Entry) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	payloads, err := s.Load(ctx, name)
	s.note(stored.Load, err)
	return payloads, err
}

// save keeps t under name. It is bounded by storeTimeout.
func (s *store) save(ctx context.Context, name tokenstore.Entry, t stored.Token) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := s.Save(ctx, name, t.Encode(), t.Expires)
	s.note(stored.Save, err)
	return err
}

// isAway reports whether err means that the store does not work, rather than that it has no token.
func isAway(err error) bool {
	return err != nil && !errors.Is(err, tokenstore.ErrNotFound) && !errors.Is(err, tokenstore.ErrUnreadable)
}

// record returns t as the store keeps it: on the wall clock, in milliseconds. Times that are
// compared with those of the store must not be finer.
func record(t time.Time) time.Time { return t.Truncate(time.Millisecond) }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// draw returns a random time between two.
func draw(least, most time.Duration) time.Duration {
	return least + time.Duration(rand.Float64()*float64(most-least))
}

// entryName returns what the names of this endpoint's entries in a store have in common. The
// address of the endpoint counts only if the program sets it: App Service has another port at each
// start.
func (p *endpoint) entryName() tokenstore.Entry {
	name := tokenstore.Entry{Host: string(p.kind), Authority: p.authority}
	if p.address != "" {
		name.Host += " " + p.address
	}
	if p.id.Kind != hosts.Default {
		name.Identity = [...]string{"", "client", "object", "resource"}[p.id.Kind] + " " + strings.ToLower(p.id.Value)
	}
	return name
}
