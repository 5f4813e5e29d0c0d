package aztoken

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/stored"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

const (
	// storeWait is how long a caller without a token waits for the store before the endpoint is asked too. A disk or a
	// Redis that works answers in milliseconds.
	storeWait = 250 * time.Millisecond
	// storeTimeout bounds a call of the store.
	storeTimeout = 5 * time.Second
	// closeSaveTime is how much longer a save may take once the client is closed.
	closeSaveTime = 2 * time.Second
	// turnTTL is how long a client without a token has the lock: one that dies delays the others no longer.
	turnTTL = 2 * time.Second
	// minTurn and maxTurn bound how long a client waits for the token that the holder of the lock asks for. It is drawn
	// between them: after one fixed time all would ask at once.
	minTurn, maxTurn = 5 * time.Second, 15 * time.Second
	// refreshTTL is how long a refresh has the lock. One that fails leaves it to expire, so that a fleet asks once a
	// minute.
	refreshTTL = time.Minute
	// maxTend bounds the time until a token that the store has lost is put back, and maxTendRetry the time until that is
	// tried again while the store does not work.
	maxTend, maxTendRetry = 15 * time.Minute, 3 * time.Minute
	// confirmTime bounds the time until the endpoint confirms a loaded token of the default identity: a cloned image
	// must not act as the machine that it was made on.
	confirmTime = 5 * time.Minute
	// clockTolerance is how far the acquisition of a stored token may lie ahead of this machine's clock.
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
	name      tokenstore.Entry // what the entries of a client have in common
	id        hosts.ID         // the identity that was asked for
	seed      uint64           // of the draws that a token's refresh follows: 0 where all processes draw alike
	process   uint64           // of the draws that differ between processes
	health    stored.Health
	observers *observers
	identity  string
}

// newStore returns the store of a client that asks p, nil if opts have none.
func newStore(opts *Options, p *endpoint, o *observers) (*store, error) {
	switch {
	case opts.Store == nil:
		return nil, nil
	case opts.Credential != nil:
		return nil, errStoreBesides
	case opts.Store.Shared() && p.id.Kind == hosts.Default:
		return nil, errStoreShared
	}
	s := &store{Store: opts.Store, name: p.entryName(), id: p.id, process: rand.Uint64(), observers: o, identity: p.identity}
	if opts.Store.Shared() {
		s.seed = rand.Uint64() // drawn alike, a fleet would be due in one second while the store is away
	}
	return s, nil
}

// entry returns the name under which the token of r is kept.
func (s *store) entry(r request) tokenstore.Entry {
	name := s.name
	name.Resource, name.Tenant, name.CAE = r.resource, r.tenant, r.cae
	return name
}

// note takes in how a call of the store ended, and tells observers when that changes.
func (s *store) note(err error) {
	now := time.Now()
	switch s.health.Note(err, now) {
	case stored.Failed:
		s.tell(EventStoreFailed, now, err)
	case stored.Recovered:
		s.tell(EventStoreRecovered, now, nil)
	}
}

func (s *store) tell(kind EventKind, now time.Time, err error) {
	s.observers.tell(change{events: []Event{{Kind: kind, Time: now, Identity: s.identity, Err: err}}})
}

// load returns the best token that the store has for r, and false if there is none. It is bounded by storeTimeout.
func (s *store) load(ctx context.Context, r request) (stored.Token, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	payloads, err := s.Load(ctx, s.entry(r))
	s.note(err)
	t, ok := stored.Best(payloads, func(t stored.Token) bool { return stored.Fits(t.Value.Reveal(), s.id, r.tenant) })
	return t, ok, err
}

// look begins to load the entry's token. The channel gets it, if there is one, and is closed.
func (e *entry) look(ctx context.Context) <-chan stored.Token {
	found := make(chan stored.Token, 1)
	if !e.life.Go(func() {
		defer close(found)
		t, ok, err := e.store.load(ctx, e.request)
		if errors.Is(err, tokenstore.ErrUnreadable) {
			e.noteUnreadable(err)
		}
		if ok {
			found <- t
		}
	}) {
		close(found)
	}
	return found
}

// noteUnreadable tells observers of an entry that cannot be opened, once until it is replaced.
func (e *entry) noteUnreadable(err error) {
	e.mu.Lock()
	known := e.unreadable
	e.unreadable = true
	e.mu.Unlock()
	if !known {
		e.store.tell(EventStoreFailed, time.Now(), err)
	}
}

// adoptWithin waits for a look, wait at most, and adopts what it finds. looked reports whether the look has ended.
func (e *entry) adoptWithin(look <-chan stored.Token, wait time.Duration, by driver) (t *cachedToken, looked bool) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case found, ok := <-look:
		if !ok {
			return nil, true
		}
		return e.adopt(by, found), true
	case <-timer.C:
		return nil, false
	case <-e.life.Done():
		return nil, true
	}
}

// adopt makes a stored token that of the entry, unless that has a better one, and returns it then. The driver by has
// done its work with that.
func (e *entry) adopt(by driver, found stored.Token) *cachedToken {
	t, news := e.take(by, found, time.Now(), clockTolerance)
	e.observers.tell(news)
	return t
}

// take is adopt at now. A token that was acquired further ahead of this machine's clock than tolerance is not taken: one
// of the two clocks is wrong.
func (e *entry) take(by driver, found stored.Token, now time.Time, tolerance time.Duration) (*cachedToken, change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	left := found.Expires.Sub(now.Round(0))
	if e.phase == dropped || left <= schedule.ExpirySkew || found.Acquired.Sub(now.Round(0)) > tolerance {
		return nil, change{}
	}
	if found.Rejected.After(e.rejectedUpTo) {
		e.rejectedUpTo = found.Rejected
	}
	if !found.Acquired.After(e.rejectedUpTo) && !e.rejectedUpTo.IsZero() {
		return nil, change{}
	}
	if old := e.token; old != nil {
		better := found.Expires.After(old.expires) || e.phase == replacing || e.phase == suspended
		if old.isServable(now) && !better || old.token.Value() == found.Value.Reveal() {
			return nil, change{}
		}
	}
	e.running[by] = false
	t := e.newLoadedToken(found, now)
	if e.isUnconfirmed = e.store.id.Kind == hosts.Default; e.isUnconfirmed {
		t.due = earlier(t.due, now.Add(draw(0, confirmTime)))
		t.token.RefreshOn = utc(t.due)
	}
	e.tendOn = now.Add(draw(maxTend/2, maxTend))
	news := e.hold(t, now, EventLoaded)
	news.events[0].Background = by == backgroundRefresh
	return t, news
}

// newLoadedToken returns a stored token as the cache keeps it: as if this process had got it from the endpoint.
func (e *entry) newLoadedToken(found stored.Token, now time.Time) *cachedToken {
	at := func(wall time.Time) time.Time { return now.Add(wall.Sub(now.Round(0))) } // with both readings
	got := azcore.AccessToken{Token: found.Value.Reveal(), ExpiresOn: at(found.Expires)}
	acquired, given := earlier(at(found.Acquired), now), earlier(at(found.Given), now)
	t := e.newCachedToken(got, newBearer(got.Token, e.request), acquired, given, e.draw(got.Token))
	t.stored = true
	if t.due.Before(now) { // overdue: at once, as jobs that live for a second would never refresh otherwise
		t.due = now
		t.token.RefreshOn = utc(now)
	}
	return t
}

// draw returns the random number by which the refresh of a token is planned.
func (e *entry) draw(token string) float64 {
	if e.store == nil {
		return rand.Float64()
	}
	return stored.Draw(token, e.store.seed)
}

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

// turnUntil returns until when a flight that begins at start waits for a token that another client is asking for:
// deadline, that of its first caller, allows it half of the time. A zero deadline is none.
func turnUntil(start, deadline time.Time) time.Time {
	until := start.Add(draw(minTurn, maxTurn))
	if deadline.IsZero() {
		return until
	}
	return earlier(until, start.Add(deadline.Sub(start)/2))
}

// seek is a try of a flight: the store's token if there is one, and else the endpoint's answer. Until then it waits for
// its turn. release is to be called when the answer has been saved; after a failure the lock is left to expire, so that
// the others do not ask one after another.
func (e *entry) seek(ctx context.Context, by driver, ask hosts.Request, until time.Time) (got azcore.AccessToken, adopted *cachedToken, release func(), err *Error) {
	release = func() {}
	if e.store == nil || by != plainFlight {
		got, err = e.endpoint.ask(ctx, ask, false)
		return got, nil, release, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what is under way when a token has come is of no use
	look := e.look(ctx)
	wasDown := e.store.health.Err() != nil
	looked := false
	if !wasDown {
		if adopted, looked = e.adoptWithin(look, storeWait, by); adopted != nil {
			return got, adopted, release, nil
		}
	}
	if looked {
		look = nil
		if release, adopted = e.awaitTurn(ctx, by, until); adopted != nil {
			return got, adopted, release, nil
		}
	}
	type answer struct {
		token azcore.AccessToken
		err   *Error
	}
	answered := make(chan answer, 1)
	if !e.life.Go(func() {
		token, err := e.endpoint.ask(ctx, ask, false)
		answered <- answer{token, err}
	}) {
		return got, nil, release, e.endpoint.newError(e.resource, errNoSlot)
	}
	for {
		select {
		case found, ok := <-look:
			look = nil
			if ok {
				if adopted = e.adopt(by, found); adopted != nil {
					return got, adopted, release, nil
				}
			}
		case a := <-answered:
			if a.err != nil && look != nil {
				// The store is slow, and may yet have what the endpoint has not.
				patience := storeTimeout
				if wasDown {
					patience = storeWait
				}
				if adopted, _ = e.adoptWithin(look, patience, by); adopted != nil {
					return got, adopted, release, nil
				}
			}
			return a.token, nil, release, a.err
		}
	}
}

// awaitTurn waits until this client is the one to ask the endpoint, another one that shares the store has brought a
// token, or the time is until. A store without locks makes nobody wait.
func (e *entry) awaitTurn(ctx context.Context, by driver, until time.Time) (release func(), adopted *cachedToken) {
	release = func() {}
	for e.store.Locks() && time.Now().Before(until) {
		unlock, ok, err := e.lock(ctx, storeWait, turnTTL)
		switch {
		case err != nil:
			return release, nil // the lock saves requests, and guards nothing
		case ok:
			// Whoever had it before may have saved a token since the last look.
			adopted, _ = e.adoptWithin(e.look(ctx), storeWait, by)
			if adopted != nil {
				unlock()
				return release, adopted
			}
			return unlock, nil
		}
		select {
		case <-time.After(storeWait):
		case <-ctx.Done():
			return release, nil
		}
		if adopted, _ = e.adoptWithin(e.look(ctx), storeWait, by); adopted != nil {
			return release, adopted
		}
	}
	return release, nil
}

func (e *entry) lock(ctx context.Context, wait, ttl time.Duration) (unlock func(), ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return e.store.Lock(ctx, e.store.entry(e.request), ttl)
}

// beforeRefresh looks for a token that another client has brought, and takes the lock for the refresh of held. mayAsk is
// false if there is a newer token, or another client is to ask.
func (e *entry) beforeRefresh(held *cachedToken) (release func(), mayAsk bool) {
	release = func() {}
	if e.store == nil || e.mustConfirm() {
		return release, true
	}
	ctx := e.life.Context()
	adopted, looked := e.adoptWithin(e.look(ctx), storeTimeout, backgroundRefresh)
	switch {
	case adopted != nil:
		return release, false
	case !looked, e.store.health.Err() != nil, !e.store.Locks():
		return release, true
	}
	unlock, ok, err := e.lock(ctx, storeTimeout, refreshTTL)
	alone := schedule.Alone(held.acquired, held.expires, stored.Draw(held.token.Value(), e.store.process))
	switch {
	case ok:
		return unlock, true
	case err != nil, !time.Now().Before(alone):
		return release, true
	}
	e.postpone(alone)
	return release, false
}

// mustConfirm reports whether the token was loaded for the default identity, and not confirmed yet.
func (e *entry) mustConfirm() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.isUnconfirmed
}

// postpone plans another look for the token that the holder of the lock refreshes, until this client asks by itself.
func (e *entry) postpone(alone time.Time) {
	now, random := time.Now(), rand.Float64()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[backgroundRefresh] = false
	e.looks++
	e.refreshOn = earlier(now.Add(schedule.Look(e.looks, random)), alone)
	e.arm(now)
}

// save keeps the entry's token in the background, and calls release afterwards.
func (e *entry) save(release func()) {
	if e.store == nil || !e.life.Go(func() {
		defer release()
		e.tend()
	}) {
		release()
	}
}

// tend saves the token of the entry, unless the store has one that is as good, and plans the next look at that.
func (e *entry) tend() {
	// Close waits for it, but not for long.
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	stop := context.AfterFunc(e.life.Context(), func() { time.AfterFunc(closeSaveTime, cancel) })
	defer stop()
	err := e.trySave(ctx)
	now := time.Now()
	next := draw(maxTend/2, maxTend)
	if err != nil {
		next = draw(maxTendRetry/4, maxTendRetry)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[tending] = false
	e.tendOn = now.Add(next)
	if err == nil {
		e.unreadable = false
	}
	e.arm(now)
}

func (e *entry) trySave(ctx context.Context) error {
	ours, ok := e.storable()
	if !ok {
		return nil
	}
	name := e.store.entry(e.request)
	payloads, err := e.store.Load(ctx, name)
	e.store.note(err)
	if err != nil && !errors.Is(err, tokenstore.ErrNotFound) && !errors.Is(err, tokenstore.ErrUnreadable) {
		return err
	}
	any := func(stored.Token) bool { return true }
	if old, ok := stored.Best(payloads, any); ok && old.Expires.After(time.Now()) && !ours.MayReplace(old) {
		return nil
	}
	err = e.store.Save(ctx, name, ours.Encode(), ours.Expires)
	e.store.note(err)
	return err
}

// storable returns what is to be kept of the entry, and false for nothing: a token that a service rejected is not kept.
func (e *entry) storable() (stored.Token, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.token
	if t == nil || e.phase == dropped || e.isUnconfirmed || !t.isServable(time.Now()) {
		return stored.Token{}, false
	}
	acquired := t.acquired.Round(0)
	if !e.rejectedUpTo.IsZero() && !acquired.After(e.rejectedUpTo) {
		return stored.Token{}, false
	}
	return stored.Token{
		Value: secret.New(t.token.Value()), Acquired: acquired, Given: t.given.Round(0),
		Expires: t.expires.Round(0), Rejected: e.rejectedUpTo,
	}, true
}

// entryName returns what the names of this endpoint's entries in a store have in common. The address of the endpoint
// counts only where the program gives it: App Service has another port at each start.
func (p *endpoint) entryName() tokenstore.Entry {
	name := tokenstore.Entry{Host: string(p.kind), Authority: p.authority}
	if p.named != "" {
		name.Host += " " + p.named
	}
	if p.id.Kind != hosts.Default {
		name.Identity = [...]string{"", "client", "object", "resource"}[p.id.Kind] + " " + strings.ToLower(p.id.Value)
	}
	return name
}
