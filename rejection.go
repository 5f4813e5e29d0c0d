package aztoken

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// rejection is the last one that was acted on.
type rejection struct {
	of        *bearer
	on        time.Time
	holdoff   time.Duration // how long further ones are not acted on
	byClaims  bool          // it was a claims challenge, or one joined it
	withdrawn bool          // Invalidate has had its two seconds
}

// next returns the rejection after another one at now, and whether that is acted on. A challenge
// may succeed where a rejection without claims did not.
func (r rejection) next(now time.Time, byClaims bool) (rejection, bool) {
	since := now.Sub(r.on)
	if !r.on.IsZero() && since < r.holdoff && (r.byClaims || !byClaims) {
		return r, false
	}
	return rejection{on: now, holdoff: schedule.Holdoff(r.holdoff, since), byClaims: byClaims}, true
}

// challenged returns a token that meets the claims of a challenge. Both results are nil if the
// entry has no token that the challenge could be about.
func (e *entry) challenged(ctx context.Context, claims string) (*cachedToken, error) {
	t := e.challengeable()
	if t == nil {
		return nil, nil
	}
	if other := e.replace(ctx, t, claims); other != nil {
		return other, nil
	}
	e.mu.Lock()
	since := e.rejection.on
	e.mu.Unlock()
	switch {
	case !t.isServable(time.Now()):
		return nil, nil // it expired during the search for another
	case t.acquired.After(since) && !since.IsZero():
		return t, nil
	case e.life.Ended():
		return nil, ErrClosed
	case ctx.Err() != nil:
		return nil, e.endpoint.newWaitError(e.request, ctx.Err(), nil)
	}
	return nil, e.endpoint.newRequestError(e.request, errNoOther)
}

// challengeable returns the token that a claims challenge is about, served or withheld; nil for
// none.
func (e *entry) challengeable() *cachedToken {
	e.used.Store(true)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.token == nil || e.phase == dropped || !e.token.isServable(time.Now()) {
		return nil
	}
	return e.token
}

// replace returns another token in place of t, which a service rejected, and nil if there is none.
// Other callers keep using t: most services may still accept it, and callers of the others end up
// here too.
func (e *entry) replace(ctx context.Context, t *cachedToken, claims string) *cachedToken {
	if flight := e.reject(t.token.secret, rejected, claims); flight != nil {
		select {
		case <-flight:
		case <-time.After(replaceTimeout):
		case <-ctx.Done():
			return nil
		case <-e.life.Done():
			return nil
		}
	}
	// The flight's token, or one that came another way: before the rejection, or from a refresh
	// while the flight hung.
	if other := e.read(time.Now()); other != nil && !other.isSame(t) {
		return other
	}
	return nil
}

// invalidate withholds the token b while another is looked for. The flight begins here and not with
// the next caller, so that the token is back in time for any caller.
func (e *entry) invalidate(b *bearer) { e.reject(b, invalidated, "") }

// reject begins or joins the flight for another token than b, which a service rejected. It returns
// nil if there is to be none: b is no longer in use, or a rejection was acted on a short while ago.
func (e *entry) reject(b *bearer, t trigger, claims string) <-chan singleflight.Result {
	now := time.Now()
	flight, news := e.beginReplacement(now, b, t, claims)
	e.observers.tell(news)
	return flight
}

func (e *entry) beginReplacement(now time.Time, b *bearer, t trigger, claims string) (<-chan singleflight.Result, change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.token == nil || e.token.token.secret != b {
		return nil, change{}
	}
	byClaims := claims != ""
	by := plainFlight
	if byClaims {
		by = claimsFlight
	}
	var news change
	switch e.phase {
	case serving:
		next, ok := e.rejection.next(now, byClaims)
		if !ok {
			return nil, change{}
		}
		next.of = b
		e.rejection, e.rejectedUpTo = next, e.token.recorded
		news = e.change(EventRejected, now)
	case replacing, suspended:
		if !e.running[by] && (!byClaims || e.rejection.byClaims) {
			// Only one flight of each kind for each rejection: otherwise a service that rejects
			// everything would cost a request per call while the other flight hangs.
			by = by.other()
		}
		e.rejection.byClaims = e.rejection.byClaims || byClaims
	default:
		return nil, change{}
	}
	if t == invalidated && e.rejection.withdrawn {
		// Only once for each rejection: otherwise callers of Invalidate in a loop would withhold it
		// permanently.
		t = rejected
	}
	if t == invalidated {
		e.rejection.withdrawn = true
		e.suspendedUntil = now.Add(invalidateWait)
	}
	e.apply(t)
	if !e.running[by] {
		e.patience[by] = patience{}
	}
	flight := e.begin(by, claims, e.token.sha256())
	e.arm(now)
	return flight, news
}
