package aztoken

import (
	"math/rand/v2"
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// RefreshPolicy decides when the background refresh of a token is due. [HalfLife] and [MaxAge]
// return one; the zero value is HalfLife(). With every policy, a token is refreshed at least a
// minute after the last request for it, before its end, and earlier if the server asks for that
// (refresh_in).
type RefreshPolicy struct{ maxAge time.Duration }

// HalfLife refreshes between a third and just short of a half of what is left of a token, so that
// no call fails in an outage of half a token's life: 12 h with the 24 h tokens of managed
// identities, for 2 to 3 requests a day. It is the default.
//
// The time is chosen at random. Otherwise clients that were started together would keep asking at
// the same time.
func HalfLife() RefreshPolicy { return RefreshPolicy{} }

// MaxAge refreshes a token in the last tenth before the age d, or by HalfLife where that is
// earlier. It trades requests for cover: MaxAge(time.Hour) asks 24 times a day and, if the endpoint
// issues a new token each time, covers outages of 23 h. If the endpoint returns the same token
// again, MaxAge asks again soon at first and then every d.
//
// With a d of zero or less, MaxAge is HalfLife.
func MaxAge(d time.Duration) RefreshPolicy { return RefreshPolicy{maxAge: max(d, 0)} }

// due returns when to refresh a token that ends at expires and was first acquired at acquired. It
// is called at now, just after the endpoint returned the token.
func (p RefreshPolicy) due(now, acquired, expires time.Time, random float64) time.Time {
	if p.maxAge == 0 {
		return schedule.HalfLife(now, expires, random)
	}
	return schedule.MaxAge(p.maxAge, now, acquired, expires, random)
}

// maxTimer bounds the wait of an entry's timer, which counts on the monotonic clock: a machine that
// was suspended notices by the wall clock within this time that a refresh is overdue.
const maxTimer = 15 * time.Minute

// timerWait returns how long an entry's timer may run at now for something that is due at due.
func timerWait(now, due time.Time) time.Duration {
	return max(0, min(clock.Until(now, due), maxTimer))
}

// isIdle reports whether a token that was last read at lastUse is not worth another refresh: it has
// not been used for a whole lifetime.
func isIdle(now, lastUse time.Time, life time.Duration) bool { return now.Sub(lastUse) >= life }

// backoff is what the background refreshes have met since the last token came.
type backoff struct {
	failures int
	err      *Error
	on       time.Time
}

// isSpent reports whether a token was never used after it was acquired, but has been refreshed
// once. Otherwise a program that makes a client for each request and drops it would refresh all
// their tokens for a day. e.mu is held.
func (e *entry) isSpent() bool {
	return e.token != nil && !e.usedAgain && !e.used.Load() && e.refreshes > 0
}

// arm sets the timer for the next thing to do without a caller. e.mu is held.
func (e *entry) arm(now time.Time) {
	if e.phase != dropped {
		e.timer.Reset(e.nextChore(now))
	}
}

// nextChore returns the time to that. It is zero only if due finds something, or the timer would
// spin. e.mu is held.
func (e *entry) nextChore(now time.Time) time.Duration {
	next := maxTimer
	switch {
	case e.token == nil && !e.isFlying():
		next = e.failure.until.Sub(now)
	case e.isSpent() && !e.isFlying():
		next = min(e.lastUse.Add(e.token.life).Sub(now), maxTimer) // on the clock of isIdle
	case e.isSpent():
		// The end of the flight arms the timer.
	case e.token != nil && !e.running[backgroundRefresh]:
		next = timerWait(now, e.refreshOn)
	}
	if e.tends() {
		next = min(next, timerWait(now, e.tendOn))
	}
	if e.phase == suspended {
		next = min(next, e.suspendedUntil.Sub(now))
	}
	return max(next, 0)
}

// chore is what an entry's timer has to do.
type chore uint8

const (
	nothing chore = iota
	forget        // an entry without a token has no failure to remember any more
	retire        // the token has not been used for a whole life
	refresh       // the refresh of the token is due
	tend          // the store may have lost the token
)

// tends reports whether the store must be checked at tendOn. e.mu is held.
func (e *entry) tends() bool { return e.token != nil && !e.tendOn.IsZero() && !e.running[tending] }

// due returns what is to be done at now. e.mu is held.
func (e *entry) due(now time.Time) chore {
	switch {
	case e.token == nil && (e.isFlying() || e.failure.isRecent(now)):
		return nothing
	case e.token == nil:
		return forget
	case !e.isFlying() && isIdle(now, e.lastUse, e.token.life):
		return retire
	case !e.running[backgroundRefresh] && timerWait(now, e.refreshOn) == 0 && !e.isSpent():
		return refresh
	case e.tends() && timerWait(now, e.tendOn) == 0:
		return tend
	}
	return nothing
}

// onTimer does what is due and returns the phase that the entry is in then.
func (e *entry) onTimer() phase {
	subscribed := !e.isInner && e.observers.isSubscribed(e.request)
	todo, held, after, news := e.begins(time.Now(), subscribed)
	e.observers.tell(news)
	switch todo {
	case refresh:
		e.refresh(held)
	case tend:
		e.tend()
	}
	return after
}

// begins ends a suspension that is over and begins what else is due. A token that somebody
// subscribed to is in use.
func (e *entry) begins(now time.Time, subscribed bool) (todo chore, held *cachedToken, after phase, news change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.used.Swap(false) || subscribed {
		e.lastUse, e.usedAgain = now, true
	}
	if e.phase == suspended && !now.Before(e.suspendedUntil) {
		e.apply(suspensionOver)
	}
	if e.phase != dropped {
		todo = e.due(now)
	}
	switch todo {
	case retire:
		news = e.change(EventDropped, now)
		news.events[0].Background = true
		e.apply(leave)
	case forget:
		e.apply(leave)
	case refresh:
		e.running[backgroundRefresh] = true
	case tend:
		e.running[tending] = true
	}
	e.arm(now)
	return todo, e.token, e.phase, news
}

// refresh asks the endpoint for a token in place of held, once.
func (e *entry) refresh(held *cachedToken) {
	release, mayAsk := e.beforeRefresh(held)
	if !mayAsk {
		return
	}
	asked := time.Now()
	got, err := e.endpoint.ask(e.life.Context(), e.ask(), true)
	now := time.Now()
	if e.life.Ended() {
		release()
		return
	}
	if err != nil {
		e.observers.tell(e.backOff(held, err, asked, now)) // the lock is left to expire
		return
	}
	_, news := e.install(backgroundRefresh, got, asked, now)
	e.observers.tell(news)
	e.save(release)
}

// backOff notes that a refresh of held ended in err and plans the next. It does nothing if a flight
// has brought another token in the meantime, which has its own plan.
func (e *entry) backOff(held *cachedToken, err *Error, asked, now time.Time) change {
	random := rand.Float64()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running[backgroundRefresh] = false
	defer e.arm(now)
	if e.token != held {
		return change{}
	}
	e.backoff = backoff{failures: e.backoff.failures + 1, err: err, on: now}
	e.refreshOn = now.Add(schedule.Background(e.backoff.failures, held.expires.Sub(now), err.retryAfter, random))
	news := e.change(EventFailed, now)
	ev := &news.events[0]
	ev.Background, ev.Took, ev.Err = true, now.Sub(asked), err
	return news
}
