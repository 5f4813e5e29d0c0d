package aztoken

import (
	"context"
	"math"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"golang.org/x/sync/singleflight"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// begin begins a flight, or joins it. claims and rejectedSHA256 are for that of a claims challenge.
// e.mu is held.
func (e *entry) begin(by driver, claims, rejectedSHA256 string) <-chan singleflight.Result {
	ask := e.ask()
	if by == claimsFlight {
		ask.Claims, ask.RejectedSHA256 = claims, rejectedSHA256
	}
	if !e.running[by] {
		e.running[by] = true
		// A flight that has ended may not have returned yet, and brings nothing new.
		e.flights.Forget(by.flightKey())
	}
	return e.flights.DoChan(by.flightKey(), func() (any, error) { return e.fly(by, ask) })
}

// fly asks the endpoint until there is a token or no hope of one. It runs on the client's own
// context: a caller that gives up must not take the token from the others, and the next finds the
// flight begun.
func (e *entry) fly(by driver, ask hosts.Request) (*cachedToken, error) {
	if !e.life.Enter() {
		return nil, ErrClosed
	}
	defer e.life.Leave()
	start := time.Now()
	search := e.newSearch(by, start)
	defer search.end()
	for try := 1; ; try++ {
		got, adopted, release, err := search.try(ask)
		now := time.Now()
		switch {
		case e.life.Ended():
			release()
			return nil, ErrClosed
		case adopted != nil:
			return adopted, nil
		case err == nil:
			t, news := e.install(by, got, search.asked, now)
			e.observers.tell(news)
			e.save(release)
			return t, nil
		}
		wait, again := e.endpoint.nextTry(try, start, now, e.patienceOf(by), err)
		if !again {
			if adopted = search.lastHope(); adopted != nil {
				return adopted, nil
			}
			now = time.Now()
		}
		t, news := e.fail(by, err, again, search.asked, now)
		e.observers.tell(news)
		switch {
		case t != nil:
			return t, nil
		case !again:
			return nil, err
		}
		switch adopted, goOn := search.pause(wait); {
		case !goOn:
			return nil, ErrClosed
		case adopted != nil:
			return adopted, nil
		}
	}
}

// patienceOf returns how long the callers of a flight want it to go on.
func (e *entry) patienceOf(by driver) patience {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.patience[by]
}

// askUntil makes one request of a flight that began at start.
func (e *entry) askUntil(ctx context.Context, ask hosts.Request, start time.Time, w patience) (azcore.AccessToken, *Error) {
	ctx, cancel := context.WithDeadline(ctx, w.end(start, true))
	defer cancel()
	if !e.endpoint.isPresent() {
		// Where nothing listens, a dial may take long to fail, above all with a caller's own
		// dialer.
		var stop context.CancelFunc
		ctx, stop = wire.ConnectBy(ctx, w.end(start, false))
		defer stop()
	}
	return e.endpoint.ask(ctx, ask, false)
}

func landed(r singleflight.Result) (*cachedToken, error) {
	if r.Err != nil {
		return nil, r.Err
	}
	return r.Val.(*cachedToken), nil
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
	e        *entry
	by       driver
	start    time.Time
	ctx      context.Context // of what is under way, until end
	end      context.CancelFunc
	until    time.Time      // when it is this client's turn, even if another has the lock
	patience time.Duration  // how much longer the store may delay the flight
	hope     time.Time      // until when an error waits for a look under way
	look     <-chan finding // under way; nil for none
	passed   finding        // the last that was not adopted
	asked    time.Time      // when the endpoint was asked
}

func (e *entry) newSearch(by driver, start time.Time) *search {
	s := &search{
		e: e, by: by, start: start, until: turnUntil(start, e.patienceOf(by).first),
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
func (s *search) usesStore() bool { return s.e.store != nil && s.by == plainFlight }

// try returns the store's token if that is there first, and else the endpoint's answer. release is
// to be called when the answer has been saved; after a failure the lock is left to expire, so that
// the others do not ask one after another.
func (s *search) try(ask hosts.Request) (got azcore.AccessToken, adopted *cachedToken, release func(), err *Error) {
	release = func() {}
	s.asked = time.Now()
	if !s.usesStore() {
		got, err = s.e.askUntil(s.ctx, ask, s.start, s.e.patienceOf(s.by))
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
	if !s.e.life.Go(func() {
		token, err := s.e.askUntil(ctx, ask, s.start, s.e.patienceOf(s.by))
		answered <- answer{token, err}
	}) {
		// The client is closed, which the flight checks for.
		return got, nil, release, s.e.endpoint.newError(s.e.resource, errNoSlot)
	}
	again := time.NewTicker(turnTTL) // others may get a token while a slow endpoint is asked
	defer again.Stop()
	for {
		select {
		case <-again.C:
			if s.look == nil && !isAway(s.passed.err) {
				s.look = s.e.look(s.ctx)
			}
		case f := <-s.look:
			if adopted = s.accept(f); adopted != nil {
				release()
				return got, adopted, release, nil
			}
		case a := <-answered:
			if a.err != nil { // a token dated by a clock that is ahead is better than none
				adopted = s.e.adopt(s.by, s.passed, math.MaxInt64)
			}
			return a.token, adopted, release, a.err
		}
	}
}

// accept ends the look that found f, and adopts that if it can.
func (s *search) accept(f finding) *cachedToken {
	s.look = nil
	adopted := s.e.adopt(s.by, f, clockTolerance)
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
		s.look = s.e.look(s.ctx)
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
		case <-s.e.life.Done():
			return nil, false
		}
	}
}

// awaitTurn waits until this client is the one to ask the endpoint, another one that shares the
// store has brought a token, or the time is until. A store without locks, and one whose locks do
// not work, delays no caller.
func (s *search) awaitTurn() (release func(), adopted *cachedToken) {
	release = func() {}
	for s.e.store.Locks() && time.Now().Before(s.until) {
		begun := time.Now()
		unlock, ok, err := s.e.lock(s.ctx, s.patience, turnTTL)
		s.spend(begun)
		switch {
		case err != nil:
			return release, nil // the lock only saves requests; nothing depends on it
		case ok:
			// The previous holder of the lock may have saved a token since the last look.
			begun = time.Now()
			adopted, _, _ = s.e.lookWithin(s.ctx, s.patience, s.by)
			s.spend(begun)
			if adopted != nil {
				unlock()
				return release, adopted
			}
			return unlock, nil
		}
		// While another client has the lock, it is not the store that delays the flight.
		s.patience = storeWait
		select {
		case <-time.After(storeWait):
		case <-s.ctx.Done():
			return release, nil
		}
		adopted, done, err := s.e.lookWithin(s.ctx, storeWait, s.by)
		if adopted != nil || !done || isAway(err) {
			return release, adopted
		}
	}
	return release, nil
}
