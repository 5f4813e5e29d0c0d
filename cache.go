package aztoken

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
	"github.com/seed-ac726066/aztoken/internal/hosts"
)

// cache maps keys to entries. A read is two atomic loads and one look at the clock, without a lock.
// New keys are added to a copy of the map, so that readers need none.
type cache struct {
	*engine
	// published holds the entries that the read path finds. All have had a token: failing requests
	// leave nothing in it.
	published atomic.Pointer[map[string]*entry]

	// mu guards what follows, and is held to change published. An entry's mutex may be taken under
	// it, never the other way round; no source is asked and no callback runs under it.
	mu          sync.Mutex
	unpublished map[string]*entry // new entries, which the slow path finds
	slowReads   int               // of tokens of unpublished entries since the map was copied
	closed      bool
}

// get returns the token for resource, which may be spelled as a scope: the served token at once, or
// else the result of a flight that all callers of the resource share.
func (c *cache) get(ctx context.Context, resource string) (*cachedToken, error) {
	if t := c.read(resource); t != nil {
		return t, nil
	}
	return c.getFor(ctx, request{resource: hosts.TrimScope(resource)})
}

// getFor is like get, with the whole key.
func (c *cache) getFor(ctx context.Context, r request) (*cachedToken, error) {
	if e := c.lookup(r); e != nil {
		if t := e.read(time.Now()); t != nil {
			return t, nil
		}
	}
	return c.await(ctx, r, wish{})
}

// warm is like get, for a caller that waits even where nothing listens yet.
func (c *cache) warm(ctx context.Context, resource string) (*cachedToken, error) {
	if t := c.read(resource); t != nil {
		return t, nil
	}
	return c.await(ctx, request{resource: hosts.TrimScope(resource)}, wish{isWarming: true})
}

// wish is what a caller wants of a flight.
type wish struct {
	claims    string        // of a challenge, "" for none: the served token does not meet them
	isWarming bool          // to wait also where nothing listens yet
	minLife   time.Duration // what is served must have left, or it is refreshed first
}

// isMetBy reports whether a token that is served at now is what the caller wants.
func (w wish) isMetBy(t *cachedToken, now time.Time) bool {
	return w.claims == "" && clock.Until(now, t.expires) >= w.minLife
}

// read returns the token that is served under a plain key, nil for none. It is the hot path.
func (c *cache) read(key string) *cachedToken {
	if c == nil {
		return nil
	}
	e := c.snapshot()[key]
	if e == nil {
		return nil
	}
	return e.read(time.Now())
}

// await joins the flight for r and returns when that, ctx or the client ends.
func (c *cache) await(ctx context.Context, r request, w wish) (*cachedToken, error) {
	if c == nil || c.life.Ended() {
		return nil, ErrClosed
	}
	if e := c.find(r); e != nil {
		now := time.Now()
		// Even with a ctx that has ended, as on the fast path.
		if t := e.read(now); t != nil && w.isMetBy(t, now) {
			c.promote(e)
			return t, nil
		}
	}
	if err := c.check(ctx, r); err != nil {
		return nil, err
	}
	for {
		e := c.getOrCreate(r)
		if e == nil {
			return nil, ErrClosed
		}
		t, err := e.await(ctx, w)
		if errors.Is(err, errDropped) {
			c.remove(e)
			continue
		}
		if err == nil {
			c.promote(e)
		}
		return t, err
	}
}

// challenged returns a token that meets the claims of a challenge. It goes past the cache once;
// while challenges follow each other it is rate-limited as rejections are, and a token that came
// after the first of them is returned.
func (c *cache) challenged(ctx context.Context, r request, claims string) (*cachedToken, error) {
	if c == nil || c.life.Ended() {
		return nil, ErrClosed
	}
	if err := c.check(ctx, r); err != nil {
		return nil, err
	}
	if e := c.find(r); e != nil {
		if t, err := e.challenged(ctx, claims); t != nil || err != nil {
			return t, err
		}
	}
	return c.await(ctx, r, wish{claims: claims})
}

// check returns what is wrong with a call before anything is asked for.
func (c *cache) check(ctx context.Context, r request) error {
	if ctx == nil {
		return errNilContext
	}
	if err := r.check(); err != nil {
		return c.endpoint.newRequestError(r, err)
	}
	if err := ctx.Err(); err != nil {
		return c.endpoint.newWaitError(r, err, nil)
	}
	return nil
}

// replace returns another token in place of t, which a service rejected, and nil if there is none.
func (c *cache) replace(ctx context.Context, r request, t *cachedToken, claims string) *cachedToken {
	e := c.find(r)
	if e == nil {
		return nil
	}
	return e.replace(ctx, t, claims)
}

// reject begins the search for another token in place of t, and does not wait for it.
func (c *cache) reject(r request, t *cachedToken, claims string) {
	if e := c.find(r); e != nil {
		e.reject(t.token.secret, rejected, claims)
	}
}

// invalidate withholds t, if it is the token of its entry, while another is looked for.
func (c *cache) invalidate(t Token) {
	if c == nil || t.secret == nil || c.life.Ended() {
		return
	}
	if e := c.find(t.secret.Reveal().key); e != nil {
		e.invalidate(t.secret)
	}
}

// find returns the entry of r, published or not, nil if there is none. It is for callers that
// already have a token of the entry.
func (c *cache) find(r request) *entry {
	if e := c.lookup(r); e != nil {
		return e
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.lookup(r); e != nil {
		return e // published just now
	}
	return c.unpublished[r.key()]
}

func (c *cache) snapshot() map[string]*entry {
	if m := c.published.Load(); m != nil {
		return *m
	}
	return nil
}

// lookup returns the entry that serves r, nil if there is none.
func (c *cache) lookup(r request) *entry {
	if c == nil {
		return nil
	}
	if r.isPlain() {
		return c.snapshot()[r.resource]
	}
	return c.lookupVariant(r)
}

// lookupVariant is a function of its own because the stack space for its key would slow down every
// call of lookup.
//
//go:noinline
func (c *cache) lookupVariant(r request) *entry {
	var onStack [256]byte
	return c.snapshot()[string(r.appendKey(onStack[:0]))]
}

// getOrCreate returns the entry of r, a new one if there is none, and nil after close.
func (c *cache) getOrCreate(r request) *entry {
	if e := c.lookup(r); e != nil {
		return e
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	if e := c.lookup(r); e != nil {
		return e
	}
	key := r.key()
	if e := c.unpublished[key]; e != nil {
		return e
	}
	e := newEntry(c.engine, r)
	e.timer = time.AfterFunc(maxTimer, func() { c.onTimer(e) })
	if c.unpublished == nil {
		c.unpublished = make(map[string]*entry)
	}
	c.unpublished[key] = e
	return e
}

// copyShare is how many entries may be copied for one slow read: about what it costs, with its two
// locks. Publishing each new entry at once would take quadratic time for ten thousand of them.
const copyShare = 8

// promote makes the entries that have a token visible to the read path, after a caller got that of
// e by the slow path, unless copying the map would cost more than such calls have so far.
func (c *cache) promote(e *entry) {
	if c.lookup(e.request) == e {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.slowReads++; c.slowReads*copyShare < len(c.snapshot()) {
		return
	}
	c.publish(func(m map[string]*entry) {
		for key, e := range c.unpublished {
			if e.served.Load() != nil {
				c.forget(key)
				m[key] = e
			}
		}
	})
}

// remove takes an entry that was dropped out of the cache.
func (c *cache) remove(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := e.key()
	if c.unpublished[key] == e {
		c.forget(key)
	}
	if c.lookup(e.request) == e {
		c.publish(func(m map[string]*entry) { delete(m, key) })
	}
}

// forget deletes key from unpublished. c.mu is held.
func (c *cache) forget(key string) {
	delete(c.unpublished, key)
	if len(c.unpublished) == 0 {
		c.unpublished = nil // an empty map would keep the room of its largest size
	}
}

// publish replaces the map of the read path by a changed copy. c.mu is held.
func (c *cache) publish(change func(map[string]*entry)) {
	next := maps.Clone(c.snapshot())
	if next == nil {
		next = make(map[string]*entry)
	}
	change(next)
	c.slowReads = 0
	c.published.Store(&next)
}

// entries returns all entries, in no order.
func (c *cache) entries() []*entry {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all()
}

// all is entries with c.mu held.
func (c *cache) all() []*entry {
	return slices.AppendSeq(slices.Collect(maps.Values(c.snapshot())), maps.Values(c.unpublished))
}

// onTimer is what an entry's timer runs. Between refreshes an entry has no goroutine, only this
// timer.
func (c *cache) onTimer(e *entry) {
	if !c.life.Enter() {
		return
	}
	defer c.life.Leave()
	if e.onTimer() == dropped {
		c.remove(e)
	}
}

// close empties the cache for good.
func (c *cache) close() {
	c.mu.Lock()
	all := c.all()
	c.closed, c.unpublished = true, nil
	c.published.Store(&map[string]*entry{})
	c.mu.Unlock()
	for _, e := range all {
		e.drop()
	}
}
