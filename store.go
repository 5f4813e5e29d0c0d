package aztoken

import (
	"context"
	"errors"
	"math"
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
	// storeWait is how long a caller without a token waits for the store before the endpoint is
	// asked too. A disk or a Redis that works answers in milliseconds.
	storeWait = 250 * time.Millisecond
	// storeTimeout bounds a call of the store.
	storeTimeout = 5 * time.Second
	// closeSaveTime is how much longer a save may take once the client is closed.
	closeSaveTime = 2 * time.Second
	// turnTTL is how long a client without a token has the lock: one that dies delays the others no
	// longer.
	turnTTL = 2 * time.Second
	// minTurn and maxTurn bound how long a client waits for the token that the holder of the lock
	// asks for. It is drawn between them: after one fixed time all would ask at once.
	minTurn, maxTurn = 5 * time.Second, 15 * time.Second
	// refreshTTL is how long a refresh has the lock. One that fails leaves it to expire, so that a
	// fleet asks once a minute.
	refreshTTL = time.Minute
	// maxTend bounds the time until a token that the store has lost is put back, and maxTendRetry
	// the time until that is tried again while the store does not work.
	maxTend, maxTendRetry = 15 * time.Minute, 3 * time.Minute
	// confirmTime bounds the time until the endpoint confirms a loaded token of the default
	// identity: a cloned image must not act as the machine that it was made on.
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
func (s *store) note(op stored.Operation, err error) {
	now := time.Now()
	switch s.health.Note(op, err, now) {
	case stored.Failed:
		s.tell(EventStoreFailed, now, err)
	case stored.Recovered:
		s.tell(EventStoreRecovered, now, nil)
	}
}

func (s *store) tell(kind EventKind, now time.Time, err error) {
	s.observers.tell(change{events: []Event{{Kind: kind, Time: now, Identity: s.identity, Err: err}}})
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

// finding is what a look into the store found.
type finding struct {
	token stored.Token
	ok    bool // there is a token
	err   error
}

// look begins to load the entry's token. The channel gets one finding, also after ctx or the client
// has ended.
func (e *entry) look(ctx context.Context) <-chan finding {
	found := make(chan finding, 1)
	if !e.life.Go(func() {
		payloads, err := e.store.load(ctx, e.store.entry(e.request))
		e.noteEntry(err)
		fits := func(t stored.Token) bool { return stored.Fits(t.Value.Reveal(), e.store.id, e.tenant) }
		t, ok := stored.Best(payloads, fits)
		found <- finding{t, ok, err}
	}) {
		found <- finding{err: ErrClosed}
	}
	return found
}

// noteEntry takes in how a load of the entry ended. An entry that cannot be opened is told once,
// until a load finds another state.
func (e *entry) noteEntry(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	now := time.Now()
	e.mu.Lock()
	known := e.unreadable
	e.unreadable = errors.Is(err, tokenstore.ErrUnreadable) || known && isAway(err)
	isNew := e.unreadable && !known
	ev := e.event(EventStoreFailed, now)
	e.mu.Unlock()
	if isNew {
		ev.Err = err
		e.observers.tell(change{events: []Event{ev}})
	}
}

// lookWithin looks into the store, wait at most, and adopts what it finds. done reports whether the
// look ended in time.
func (e *entry) lookWithin(ctx context.Context, wait time.Duration, by driver) (adopted *cachedToken, done bool, err error) {
	ctx, cancel := context.WithCancel(ctx) // without a deadline: a slow store is not one that does not work
	defer cancel()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case f := <-e.look(ctx):
		return e.adopt(by, f, clockTolerance), true, f.err
	case <-timer.C:
		return nil, false, nil
	}
}

// adopt makes what was found the token of the entry, unless that has a better one, and returns it
// then. The driver by has done its work with that.
func (e *entry) adopt(by driver, f finding, tolerance time.Duration) *cachedToken {
	if !f.ok {
		return nil
	}
	t, news := e.take(by, f.token, time.Now(), tolerance)
	e.observers.tell(news)
	return t
}

// take is adopt at now. A token that was acquired further ahead of this machine's clock than
// tolerance is not taken: one of the two clocks is wrong.
func (e *entry) take(by driver, found stored.Token, now time.Time, tolerance time.Duration) (*cachedToken, change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if found.Rejected.After(e.rejectedUpTo) {
		e.rejectedUpTo = found.Rejected
	}
	if e.phase == dropped || !found.IsUsable(now.Round(0), e.rejectedUpTo, tolerance) {
		return nil, change{}
	}
	old, kind := e.token, EventLoaded
	if old != nil {
		isSearched := e.phase == replacing || e.phase == suspended
		switch {
		case old.token.Value() == found.Value.Reveal():
			if isSearched || !found.Given.After(record(old.given)) {
				return nil, change{}
			}
			kind = EventUnchanged // another client has asked meanwhile, and the endpoint returned this token again
		case old.isServable(now) && !isSearched && !found.Expires.After(old.expires):
			return nil, change{}
		}
	}
	e.running[by] = false
	t := e.newLoadedToken(found, now)
	if kind == EventUnchanged {
		t.token.secret, t.stored, t.life = old.token.secret, old.stored, old.life
	} else if e.isUnconfirmed = e.store.id.Kind == hosts.Default; e.isUnconfirmed {
		t.due = earlier(t.due, now.Add(draw(0, confirmTime)))
		t.token.RefreshOn = utc(t.due)
	}
	e.tendOn = now.Add(draw(maxTend/2, maxTend))
	news := e.hold(t, now, kind)
	news.events[0].Background = by == backgroundRefresh
	return t, news
}

// newLoadedToken returns a stored token as the cache keeps it: as if this process had got it from
// the endpoint. A refresh that is overdue begins at once, or a job that lives for a second would
// never refresh.
func (e *entry) newLoadedToken(found stored.Token, now time.Time) *cachedToken {
	at := func(wall time.Time) time.Time { return now.Add(wall.Sub(now.Round(0))) } // with both readings
	got := azcore.AccessToken{Token: found.Value.Reveal(), ExpiresOn: at(found.Expires)}
	acquired, given := earlier(at(found.Acquired), now), earlier(at(found.Given), now)
	t := e.newCachedToken(got, newBearer(got.Token, e.request), acquired, given, e.draw(got.Token))
	t.stored, t.recorded = true, found.Acquired
	return t
}

// draw returns the random number by which the refresh of a token is planned.
func (e *entry) draw(token string) float64 {
	if e.store == nil {
		return rand.Float64()
	}
	return stored.Draw(token, e.store.seed)
}

// record returns t as the store keeps it: on the wall clock, in milliseconds. What is compared with
// times from the store must not be finer.
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

// turnUntil returns until when a flight that begins at start waits for a token that another client
// is asking for: deadline, that of its first caller, allows it half of the time. A zero deadline is
// none.
func turnUntil(start, deadline time.Time) time.Time {
	until := start.Add(draw(minTurn, maxTurn))
	if deadline.IsZero() {
		return until
	}
	return earlier(until, start.Add(deadline.Sub(start)/2))
}

// search is how a flight finds a token: in the store, or from the endpoint when it is this client's
// turn to ask.
type search struct {
	*entry
	by       driver
	start    time.Time
	ctx      context.Context // of what is under way, until end
	end      context.CancelFunc
	until    time.Time      // when the turn of this client has come, whoever has the lock
	patience time.Duration  // how much longer the store may delay the flight
	hope     time.Time      // until when an error waits for a look under way
	look     <-chan finding // under way; nil for none
	passed   finding        // the last that was not adopted
	asked    time.Time      // when the endpoint was asked
}

func (e *entry) newSearch(by driver, start time.Time) *search {
	s := &search{
		entry: e, by: by, start: start, until: turnUntil(start, e.patienceOf(by).first),
		patience: storeWait, hope: start.Add(storeTimeout),
	}
	s.ctx, s.end = context.WithCancel(e.life.Context())
	if e.store != nil && e.store.health.IsAway() {
		s.patience, s.hope = 0, start.Add(storeWait) // the endpoint is asked at the same time
	}
	return s
}

// usesStore reports whether the store may have what is searched: it does not know the claims of a
// challenge.
func (s *search) usesStore() bool { return s.store != nil && s.by == plainFlight }

// try returns the store's token if that is there first, and else the endpoint's answer. release is
// to be called when the answer has been saved; after a failure the lock is left to expire, so that
// the others do not ask one after another.
func (s *search) try(ask hosts.Request) (got azcore.AccessToken, adopted *cachedToken, release func(), err *Error) {
	release = func() {}
	s.asked = time.Now()
	if !s.usesStore() {
		got, err = s.askUntil(s.ctx, ask, s.start, s.patienceOf(s.by))
		return got, nil, release, err
	}
	if release, adopted = s.consult(); adopted != nil {
		return got, adopted, release, nil
	}
	s.asked = time.Now()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel() // a request under way is of no use once the store's token is there
	type answer struct {
		token azcore.AccessToken
		err   *Error
	}
	answered := make(chan answer, 1)
	if !s.life.Go(func() {
		token, err := s.askUntil(ctx, ask, s.start, s.patienceOf(s.by))
		answered <- answer{token, err}
	}) {
		return got, nil, release, s.endpoint.newError(s.resource, errNoSlot) // the client is closed: the flight looks for that
	}
	again := time.NewTicker(turnTTL) // others may get a token while a slow endpoint is asked
	defer again.Stop()
	for {
		select {
		case <-again.C:
			if s.look == nil && !isAway(s.passed.err) {
				s.look = s.entry.look(s.ctx)
			}
		case f := <-s.look:
			if adopted = s.accept(f); adopted != nil {
				release()
				return got, adopted, release, nil
			}
		case a := <-answered:
			if a.err != nil { // better one of a clock that is ahead than none
				adopted = s.adopt(s.by, s.passed, math.MaxInt64)
			}
			return a.token, adopted, release, a.err
		}
	}
}

// accept ends the look that found f, and adopts that if it can.
func (s *search) accept(f finding) *cachedToken {
	s.look = nil
	adopted := s.adopt(s.by, f, clockTolerance)
	if adopted == nil {
		s.passed = f
	}
	return adopted
}

// consult looks into the store, and waits until it is this client's turn to ask the endpoint. A
// store that is slow delays the flight by storeWait in all; a look that takes longer goes on.
func (s *search) consult() (release func(), adopted *cachedToken) {
	release = func() {}
	if s.look == nil {
		s.look = s.entry.look(s.ctx)
	}
	begun := time.Now()
	adopted, err := s.wait(s.patience)
	s.spend(begun)
	if adopted != nil || s.look != nil || isAway(err) {
		return release, adopted
	}
	return s.awaitTurn()
}

// spend takes the time since begun off the patience.
func (s *search) spend(begun time.Time) { s.patience -= min(s.patience, time.Since(begun)) }

// wait waits for the look under way, d at most.
func (s *search) wait(d time.Duration) (adopted *cachedToken, err error) {
	if s.look == nil || d <= 0 {
		return nil, nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case f := <-s.look:
		return s.accept(f), f.err
	case <-timer.C:
	case <-s.ctx.Done():
	}
	return nil, nil
}

// lastHope waits for a look that is under way when the endpoint has failed for good.
func (s *search) lastHope() *cachedToken {
	adopted, _ := s.wait(time.Until(s.hope))
	return adopted
}

// pause waits between two tries, or until a look under way brings a token. It reports false if the
// client is closed.
func (s *search) pause(d time.Duration) (adopted *cachedToken, goOn bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case f := <-s.look:
			if adopted = s.accept(f); adopted != nil {
				return adopted, true
			}
		case <-timer.C:
			return nil, true
		case <-s.life.Done():
			return nil, false
		}
	}
}

// awaitTurn waits until this client is the one to ask the endpoint, another one that shares the
// store has brought a token, or the time is until. A store without locks, and one whose locks do
// not work, delays no caller.
func (s *search) awaitTurn() (release func(), adopted *cachedToken) {
	release = func() {}
	for s.store.Locks() && time.Now().Before(s.until) {
		begun := time.Now()
		unlock, ok, err := s.lock(s.ctx, s.patience, turnTTL)
		s.spend(begun)
		switch {
		case err != nil:
			return release, nil // the lock saves requests, and guards nothing
		case ok:
			// Whoever had it before may have saved a token since the last look.
			begun = time.Now()
			adopted, _, _ = s.lookWithin(s.ctx, s.patience, s.by)
			s.spend(begun)
			if adopted != nil {
				unlock()
				return release, adopted
			}
			return unlock, nil
		}
		s.patience = storeWait // as it is not the store that delays the flight, while another client has the lock
		select {
		case <-time.After(storeWait):
		case <-s.ctx.Done():
			return release, nil
		}
		adopted, done, err := s.lookWithin(s.ctx, storeWait, s.by)
		if adopted != nil || !done || isAway(err) {
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

// beforeRefresh looks for a token that another client has brought, and takes the lock for the
// refresh of held. mayAsk is false if there is a newer token, or another client is to ask.
func (e *entry) beforeRefresh(held *cachedToken) (release func(), mayAsk bool) {
	release = func() {}
	if e.store == nil || e.mustConfirm() {
		return release, true
	}
	ctx := e.life.Context()
	found := <-e.look(ctx)
	switch {
	case e.adopt(backgroundRefresh, found, clockTolerance) != nil:
		return release, false
	case isAway(found.err), !e.store.Locks():
		return release, true
	}
	unlock, ok, err := e.lock(ctx, storeTimeout, refreshTTL)
	switch {
	case err != nil:
		return release, true
	case ok:
		// Whoever had it before may have saved a token since the last look.
		if e.adopt(backgroundRefresh, <-e.look(ctx), clockTolerance) != nil {
			unlock()
			return release, false
		}
		return unlock, true
	}
	return release, !e.postpone(held)
}

// mustConfirm reports whether the token was loaded for the default identity, and not confirmed yet.
func (e *entry) mustConfirm() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.isUnconfirmed
}

// postpone plans another look for the token in place of held that the holder of the lock asks for.
// It reports false if this client is to ask by itself.
func (e *entry) postpone(held *cachedToken) bool {
	now, random := time.Now(), rand.Float64()
	alone := schedule.Alone(held.acquired, held.expires, stored.Draw(held.token.Value(), e.store.process))
	e.mu.Lock()
	defer e.mu.Unlock()
	if schedule.AsksAlone(now, alone, held.expires, e.looks) {
		return false
	}
	e.running[backgroundRefresh] = false
	e.looks++
	e.refreshOn = now.Add(schedule.Look(e.looks, held.expires.Sub(now), random))
	if now.Before(alone) {
		e.refreshOn = earlier(e.refreshOn, alone)
	}
	e.arm(now)
	return true
}

// save keeps the entry's token in the background, and calls release afterwards. The caller has
// entered the client's lifetime, so that Close waits for it; but Close empties the cache at once,
// so what is to be kept is decided here.
func (e *entry) save(release func()) {
	if e.store == nil {
		release()
		return
	}
	ours, ok := e.storable()
	keep := func() {
		defer release()
		e.keep(ours, ok)
	}
	if !e.life.Go(keep) {
		keep()
	}
}

// tend puts the token of the entry back if the store has lost it.
func (e *entry) tend() { e.keep(e.storable()) }

// keep saves a token of the entry, if there is one, unless the store has one that is as good, and
// plans the next look at that.
func (e *entry) keep(ours stored.Token, ok bool) {
	ctx, cancel := context.WithCancel(context.Background()) // Close waits for it, but not for long
	defer cancel()
	stop := context.AfterFunc(e.life.Context(), func() { time.AfterFunc(closeSaveTime, cancel) })
	defer stop()
	var err error
	if ok {
		err = e.trySave(ctx, ours)
	}
	now := time.Now()
	next := draw(maxTend/2, maxTend)
	if err != nil {
		next = draw(maxTendRetry/4, maxTendRetry)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[tending] = false
	e.tendOn = now.Add(next)
	e.arm(now)
}

func (e *entry) trySave(ctx context.Context, ours stored.Token) error {
	select {
	case e.saving <- struct{}{}: // one at a time, else an older token could be saved over a newer one
		defer func() { <-e.saving }()
	case <-ctx.Done():
		return ctx.Err()
	}
	name := e.store.entry(e.request)
	payloads, err := e.store.load(ctx, name)
	e.noteEntry(err)
	if isAway(err) {
		return err
	}
	now := time.Now()
	old, ok := stored.Best(payloads, func(t stored.Token) bool { return t.IsUsable(now, time.Time{}, clockTolerance) })
	if ok && !ours.MayReplace(old) {
		e.store.note(stored.Save, nil) // another client could save
		return nil
	}
	if ok && old.Rejected.After(ours.Rejected) {
		ours.Rejected = old.Rejected
	}
	return e.store.save(ctx, name, ours)
}

// storable returns what is to be kept of the entry, and false for nothing: a token that a service
// rejected is not kept.
func (e *entry) storable() (stored.Token, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.token
	if t == nil || e.phase == dropped || e.isUnconfirmed || !t.isServable(time.Now()) {
		return stored.Token{}, false
	}
	if !e.rejectedUpTo.IsZero() && !t.recorded.After(e.rejectedUpTo) {
		return stored.Token{}, false
	}
	kept := stored.Token{
		Value: secret.New(t.token.Value()), Acquired: t.recorded, Given: record(t.given),
		Expires: record(t.expires), Rejected: e.rejectedUpTo,
	}
	if kept.Given.Before(kept.Acquired) { // which was by a clock that is ahead
		kept.Given = kept.Acquired
	}
	return kept, true
}

// entryName returns what the names of this endpoint's entries in a store have in common. The
// address of the endpoint counts only where the program sets it: App Service has another port at
// each start.
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
