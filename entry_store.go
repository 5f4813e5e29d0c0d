package aztoken

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/secret"
	"github.com/seed-ac726066/aztoken/internal/stored"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

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
		fits := func(t stored.Token) bool {
			return stored.Fits(t.Value.Reveal(), e.store.id, cmp.Or(e.tenant, e.store.tenant))
		}
		t, ok := stored.Best(payloads, fits)
		found <- finding{t, ok, err}
	}) {
		found <- finding{err: ErrClosed}
	}
	return found
}

// noteEntry records how a load of the entry ended. An entry that cannot be opened is reported once,
// until a load finds another state.
func (e *entry) noteEntry(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	now := time.Now()
	e.mu.Lock()
	known := e.unreadable
	e.unreadable = errors.Is(err, tokenstore.ErrUnreadable) || known && isAway(err)
	var news change
	if e.unreadable && !known {
		news = e.change(EventStoreFailed, now)
		news.events[0].Err = err
	}
	e.mu.Unlock()
	e.observers.tell(news)
}

// lookWithin looks into the store, wait at most, and adopts what it finds. done reports whether the
// look ended in time.
func (e *entry) lookWithin(ctx context.Context, wait time.Duration, by driver) (adopted *cachedToken, done bool, err error) {
	// No deadline here: a slow store must not be reported as broken.
	ctx, cancel := context.WithCancel(ctx)
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
			// Another client has asked in the meantime, and the endpoint returned the same token
			// again.
			kind = EventUnchanged
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
	// Both readings of the clock are kept.
	at := func(wall time.Time) time.Time { return now.Add(wall.Sub(now.Round(0))) }
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
		// The previous holder of the lock may have saved a token since the last look.
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
// so save decides here what to keep.
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
	case e.saving <- struct{}{}:
		// One save at a time, or an older token could overwrite a newer one.
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
	if kept.Given.Before(kept.Acquired) { // acquired by a clock that is ahead
		kept.Given = kept.Acquired
	}
	return kept, true
}
