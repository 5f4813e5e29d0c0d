package aztoken

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"golang.org/x/sync/singleflight"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/stored"
)

// driver is who asks the endpoint for an entry: one of its two flights, which callers wait for, or
// the refresh in the background. Each runs once at a time.
type driver uint8

const (
	plainFlight driver = iota
	// claimsFlight asks with the claims of a challenge. Callers without claims must not join it.
	claimsFlight
	backgroundRefresh
	tending // keeps the token in the store
	drivers
)

// other returns the other of the two flights.
func (d driver) other() driver { return claimsFlight - d }

// flightKey is the key of a driver's flight.
func (d driver) flightKey() string { return [...]string{"plain", "claims"}[d] }

const (
	// invalidateWait is how long callers wait for another token after Invalidate. The search goes
	// on without them: when the endpoint is down, a rejected token must not cost them more.
	invalidateWait = 2 * time.Second
	// replaceTimeout is how long the sender of a rejected request waits for another token. Its only
	// alternative is the 401.
	replaceTimeout = 10 * time.Second
	// failureTTL is how long a failed flight answers for the next: ten thousand callers in a loop
	// then cost one request every few seconds, and a recovered endpoint is noticed just as soon.
	failureTTL = 2 * time.Second
	// maxFailureTTL bounds failureTTL when a Retry-After makes it longer.
	maxFailureTTL = time.Minute
)

var (
	errDropped = errors.New("the entry has left the cache")
	errNoOther = errors.New("there is no other token than the rejected one")
)

// engine is what the entries of a client share.
type engine struct {
	endpoint   *endpoint
	observers  *observers
	policy     RefreshPolicy
	isCAEAware bool // a token for a client that answers claims challenges is another one
	// isInner means that the tokens are assertions of a Federation, which the client sends to Entra
	// only.
	isInner bool
	store   *store // nil: none
	life    *lifetime.Lifetime
	// sequence numbers the tokens of all entries in the order in which they were installed.
	sequence atomic.Uint64
}

// entry is one key. Readers see served, which is token exactly in the phases serving and replacing.
type entry struct {
	*engine
	request
	served atomic.Pointer[cachedToken]
	// used is set by readers and taken back by the timer. Readers load it first: a store at every
	// read would make their cores fight for one cache line.
	used  atomic.Bool
	timer *time.Timer // runs onTimer

	// mu guards what follows. Under it no callback runs, no source is asked and no other lock is
	// taken but that of flights.
	mu             sync.Mutex
	phase          phase
	token          *cachedToken       // the latest, whether it is served or not; nil in phase empty
	flights        singleflight.Group // begun and joined under mu
	running        [drivers]bool      // who is asking the endpoint
	patience       [drivers]patience  // of the callers of each flight
	failure        failure
	rejection      rejection
	backoff        backoff
	suspendedUntil time.Time
	resumed        chan struct{} // closed when the suspension ends; nil in the other phases
	refreshOn      time.Time
	lastUse        time.Time
	usedAgain      bool // it was used after its first token had come
	refreshes      int  // that worked since then

	// What follows is for the store.
	// rejectedUpTo is when the last rejected token was acquired, on the wall clock: nothing older
	// is adopted.
	rejectedUpTo time.Time
	// isUnconfirmed means that the token was loaded for the default identity, which may be a
	// different one on this machine.
	isUnconfirmed bool
	looks         int       // for the token that another client refreshes
	tendOn        time.Time // when to see whether the store still has the token
	unreadable    bool      // what the store has cannot be opened, and observers know that
	saving        chan struct{}
}

// failure is what flights without a token to fall back on have met.
type failure struct {
	err   *Error
	on    time.Time
	tries int
	until time.Time // when the outcome of the flight is forgotten; zero while it goes on
}

func (f failure) isRecent(now time.Time) bool { return now.Before(f.until) }

// newEntry returns an entry without its timer.
func newEntry(g *engine, r request) *entry {
	e := &entry{engine: g, request: r}
	if g.store != nil {
		e.saving = make(chan struct{}, 1)
	}
	return e
}

// read returns the token for a caller who uses it, nil if none is served.
func (e *entry) read(now time.Time) *cachedToken {
	t := e.served.Load()
	if t == nil || !t.isServable(now) {
		return nil
	}
	if !e.used.Load() {
		e.used.Store(true)
	}
	return t
}

// await joins the flight and returns when that, ctx or the client ends.
func (e *entry) await(ctx context.Context, w wish) (*cachedToken, error) {
	e.used.Store(true)
	var bound <-chan time.Time
	if _, has := ctx.Deadline(); !has {
		// A caller with more patience may make the flight longer, and not this one's wait.
		timer := time.NewTimer(flightTimeout + 2*cancelGrace)
		defer timer.Stop()
		bound = timer.C
	}
	for {
		flight, resumed, t, err := e.join(ctx, w)
		if flight == nil {
			return t, err
		}
		select {
		case result := <-flight:
			t, err := landed(result)
			if err == nil && !t.isServable(time.Now()) {
				continue // it ended on its way here, as when the machine was suspended
			}
			return t, err
		case <-resumed:
		case <-bound:
			return nil, e.lastFailure()
		case <-ctx.Done():
			return e.giveUp(ctx.Err(), w)
		case <-e.life.Done():
			return nil, ErrClosed
		}
	}
}

// join returns the flight to wait for, or what there is without one.
func (e *entry) join(ctx context.Context, w wish) (flight <-chan singleflight.Result, resumed <-chan struct{}, t *cachedToken, err error) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.phase == dropped:
		return nil, nil, nil, errDropped
	case e.phase.serves() && e.token.isServable(now) && w.isMetBy(e.token, now):
		return nil, nil, e.token, nil
	case e.failure.isRecent(now):
		return nil, nil, nil, e.failure.err
	}
	by := plainFlight
	if w.claims != "" {
		by = claimsFlight
	}
	deadline, _ := ctx.Deadline()
	if !e.running[by] {
		e.patience[by] = patience{first: deadline}
	}
	e.patience[by] = e.patience[by].join(deadline, w.isWarming)
	return e.begin(by, w.claims, ""), e.resumed, nil, nil
}

// lastFailure returns what the flight under way has met so far.
func (e *entry) lastFailure() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure.err != nil {
		return e.failure.err
	}
	return e.endpoint.newError(e.resource, errSlow)
}

// giveUp returns what a caller gets whose context ends while it waits: a token that is only
// withheld, or the error.
func (e *entry) giveUp(ctxErr error, w wish) (*cachedToken, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w.claims == "" && e.token != nil && e.token.isServable(time.Now()) {
		return e.token, nil
	}
	last := e.failure.err
	if time.Since(e.failure.on) > flightTimeout {
		last = nil // it was another flight that met this
	}
	return nil, e.endpoint.newWaitError(e.request, ctxErr, last)
}

// apply moves the entry to its next phase. e.mu is held.
func (e *entry) apply(t trigger) {
	e.phase = e.phase.next(t)
	e.show()
}

// show lets readers see what the phase serves, and wakes those who wait for a suspension to end.
// e.mu is held.
func (e *entry) show() {
	if e.phase.serves() {
		e.served.Store(e.token)
	} else {
		e.served.Store(nil)
	}
	switch {
	case e.phase == suspended && e.resumed == nil:
		e.resumed = make(chan struct{})
	case e.phase != suspended && e.resumed != nil:
		close(e.resumed)
		e.resumed = nil
	}
}

// ask is what the endpoint is asked for.
func (e *entry) ask() hosts.Request {
	return hosts.Request{Resource: e.resource, Tenant: e.tenant, CAE: e.cae}
}

// install takes in a token that was asked for at asked and came at now, and returns what the entry
// holds then: the token it had, if that is better.
func (e *entry) install(by driver, got azcore.AccessToken, asked, now time.Time) (*cachedToken, change) {
	random := e.draw(got.Token)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[by] = false
	// With readings of both clocks: a wall clock that is set later must not move the end of a token
	// that is kept.
	got.ExpiresOn = now.Add(got.ExpiresOn.Sub(now))
	old := e.token
	var lead []Event
	if old != nil && old.stored && !stored.SameObject(old.token.Value(), got.Token) {
		lead, old = e.change(EventDropped, now).events, nil
		lead[0].Err = errOtherIdentity
	}
	if old != nil && e.keeps(by, got, asked, now) {
		got = azcore.AccessToken{Token: old.token.Value(), ExpiresOn: old.expires}
	}
	var t *cachedToken
	kind := EventAcquired
	if old != nil && old.token.Value() == got.Token {
		kind = EventUnchanged
		// The refresh that RefreshOn asked for returned this same token: only the policy's growing
		// intervals help.
		got.RefreshOn = time.Time{}
		t = e.newCachedToken(got, old.token.secret, old.acquired, now, random)
		// If an endpoint keeps moving the expiry, disuse is measured by the first lifetime.
		t.life, t.recorded = old.life, old.recorded
	} else {
		t = e.newCachedToken(got, newBearer(got.Token, e.request), now, now, random)
		if !e.rejectedUpTo.IsZero() && !t.recorded.After(e.rejectedUpTo) {
			// The rejected token was dated by a clock that is ahead of this one.
			t.recorded = e.rejectedUpTo.Add(time.Millisecond)
		}
	}
	if e.phase == dropped {
		return t, change{}
	}
	e.isUnconfirmed = false
	news := e.hold(t, now, kind)
	if by == backgroundRefresh {
		e.refreshes++
	}
	own := &news.events[0]
	own.Background, own.Took = by == backgroundRefresh, now.Sub(asked)
	news.events = append(lead, news.events...)
	return t, news
}

// hold makes t the token of the entry and plans its refresh. e.mu is held.
func (e *entry) hold(t *cachedToken, now time.Time, kind EventKind) change {
	e.token, e.failure, e.backoff, e.looks = t, failure{}, backoff{}, 0
	if e.lastUse.IsZero() {
		e.lastUse = now
		e.used.Store(false) // by those who waited for it
	}
	var sequence uint64
	if kind == EventUnchanged {
		e.settle()
	} else {
		sequence = e.sequence.Add(1)
		e.apply(tokenCame)
	}
	e.refreshOn = t.due
	e.arm(now)
	news := e.change(kind, now)
	if kind != EventUnchanged && !e.isInner {
		news.rotated, news.sequence = &t.token, sequence
	}
	return news
}

// keeps reports whether the token of e is better than got: it was acquired after got was asked for,
// by a request that overtook that, or it lives longer and was not rejected, as some caches return a
// token near its end. Only got meets the claims of a challenge, unless it is the very token that
// was rejected. A loaded token of the default identity is never better than the endpoint's word.
// e.mu is held.
func (e *entry) keeps(by driver, got azcore.AccessToken, asked, now time.Time) bool {
	if !e.token.isServable(now) || e.isUnconfirmed {
		return false
	}
	overtaken := e.token.acquired.After(asked)
	if by == claimsFlight {
		return overtaken && e.rejection.of != nil && e.rejection.of.Reveal().value == got.Token
	}
	return overtaken || e.phase == serving && e.token.expires.After(got.ExpiresOn)
}

// settle ends the search for another token, unless a flight is still under way. e.mu is held.
func (e *entry) settle() {
	if e.isFlying() {
		e.show()
		return
	}
	e.apply(flightsEnded)
}

// isFlying reports whether a flight is under way. e.mu is held.
func (e *entry) isFlying() bool { return e.running[plainFlight] || e.running[claimsFlight] }

// fail notes that a try of a flight ended in err. A token that is still good ends the flight:
// rejected or not, it is better than none, and a background refresh may have brought another.
func (e *entry) fail(by driver, err *Error, again bool, asked, now time.Time) (*cachedToken, change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	news := e.change(EventFailed, now)
	news.events[0].Took, news.events[0].Err = now.Sub(asked), err
	if e.token != nil && e.token.isServable(now) {
		e.running[by] = false
		e.failure = failure{}
		e.settle()
		e.arm(now)
		return e.token, news
	}
	e.failure = failure{err: err, on: now, tries: e.failure.tries + 1}
	if !again {
		e.running[by] = false
		e.failure.until = now.Add(max(failureTTL, min(err.retryAfter, maxFailureTTL)))
		if e.token != nil {
			e.settle()
		}
	}
	e.arm(now)
	return nil, news
}

// drop takes the entry out of service for good.
func (e *entry) drop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.apply(leave)
	e.timer.Stop()
}
