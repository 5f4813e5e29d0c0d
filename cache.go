package aztoken

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// request names a token: it is the key of an entry.
type request struct {
	resource string
	tenant   string // only for Options.Credential: a managed identity has one tenant
	cae      bool   // the same: continuous access evaluation
}

// isPlain reports whether the resource alone is the key, so that the read path needs no concatenation.
func (r request) isPlain() bool { return r.tenant == "" && !r.cae }

func (r request) key() string {
	if r.isPlain() {
		return r.resource
	}
	return string(r.appendKey(nil))
}

// appendKey appends the key of a request that is not plain to b.
func (r request) appendKey(b []byte) []byte {
	b = append(b, r.resource...)
	b = append(b, 0) // a resource has no NUL, so keys cannot be confused
	b = append(b, r.tenant...)
	if r.cae {
		b = append(b, 0)
	}
	return b
}

var (
	errNoResource = errors.New("the resource is empty")
	errBadName    = errors.New("the resource or tenant has spaces or characters outside ASCII")
)

// check returns what is wrong with r before anything is sent.
func (r request) check() error {
	if r.resource == "" {
		return errNoResource
	}
	if strings.ContainsFunc(r.resource+r.tenant, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return errBadName
	}
	return nil
}

// instant is one reading of both clocks.
type instant struct {
	wall int64         // Unix nanoseconds
	mono time.Duration // since the epoch of the engine
}

// cachedToken is a token with its end on both clocks. It does not change.
type cachedToken struct {
	token Token
	// acquired, due and expires are the token's AcquiredOn, RefreshOn and ExpiresOn with the readings of the
	// monotonic clock, which Token leaves out.
	acquired, due, expires time.Time
	life                   time.Duration // what was left when it was acquired
	// untilWall ends the token on the wall clock, which runs on while a machine is suspended, in Unix nanoseconds.
	untilWall int64
	// untilMono ends it on the monotonic clock, which cannot be set, since the epoch of the engine.
	untilMono time.Duration
}

func (t *cachedToken) isServable(now instant) bool {
	return now.wall < t.untilWall && now.mono < t.untilMono
}

// newCachedToken returns got, which came at now, as the cache keeps it. same is what the cache has already of this very
// token, nil for a new one.
func (g *engine) newCachedToken(r request, got azcore.AccessToken, now time.Time, same *cachedToken, random float64) *cachedToken {
	expires := got.ExpiresOn
	if furthest := now.Add(wire.MaxLife); expires.After(furthest) {
		expires = furthest // a developer's static token that claims to live for ever
	}
	t := &cachedToken{acquired: now, expires: expires, life: expires.Sub(now)}
	hint := got.RefreshOn
	if same != nil {
		t.acquired, t.life, t.token.secret = same.acquired, same.life, same.token.secret
		hint = time.Time{} // it was taken, and led to this same token: only the policy's growing intervals help now
	} else {
		t.token.secret = newBearer(got.Token, r)
	}
	t.due = schedule.Refresh(g.policy.due(now, t.acquired, expires, random), now, expires, hint)
	end := expires.Add(-schedule.ExpirySkew)
	t.untilWall, t.untilMono = end.UnixNano(), now.Add(end.Sub(now)).Sub(g.epoch)
	t.token.Resource, t.token.AcquiredOn = r.resource, utc(t.acquired)
	t.token.RefreshOn, t.token.ExpiresOn = utc(t.due), utc(expires)
	return t
}

// utc drops the monotonic reading: what leaves the client is compared with times from elsewhere.
func utc(t time.Time) time.Time { return t.Round(0).UTC() }

// isSame reports whether both are the same token, perhaps acquired twice.
func (t *cachedToken) isSame(other *cachedToken) bool { return t.token.secret == other.token.secret }

// sha256 returns the lower-case hex SHA-256 of the token, by which an endpoint is told which one a challenge rejected.
func (t *cachedToken) sha256() string {
	sum := sha256.Sum256([]byte(t.token.Value()))
	return hex.EncodeToString(sum[:])
}

// cache maps keys to entries. A read is two atomic loads and one look at the clock, without a lock; a new key copies
// the map, which happens once in the life of a resource.
type cache struct {
	*engine
	// served holds the entries that have had a token, so failing requests leave nothing in it.
	served atomic.Pointer[map[string]*entry]

	// mu guards pending and closed, and is held to change served. An entry's mutex may be taken under it, never the
	// other way round; no source is asked and no callback runs under it.
	mu      sync.Mutex
	pending map[string]*entry // entries that have had no token yet
	closed  bool
}

// get returns the token for r: at once where one is served, and else from a flight that all callers of r share. The
// claims of a challenge, "" for none, go past what is served.
func (c *cache) get(ctx context.Context, r request) (*cachedToken, error) {
	if e := c.lookup(r); e != nil {
		if t := e.read(c.now()); t != nil {
			return t, nil
		}
	}
	return c.await(ctx, r, "")
}

// await is the slow path of get: it joins the flight for r and returns when that, ctx or the client ends.
func (c *cache) await(ctx context.Context, r request, claims string) (*cachedToken, error) {
	if c == nil || c.life.Ended() {
		return nil, ErrClosed
	}
	if err := c.check(ctx, r); err != nil {
		return nil, err
	}
	for {
		e := c.getOrCreate(r)
		if e == nil {
			return nil, ErrClosed
		}
		t, err := e.await(ctx, claims)
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

// challenged returns a token that meets the claims of a challenge. It goes past the cache once; while challenges follow
// each other it is held off as rejections are, and a token that came since the first of them has to do.
func (c *cache) challenged(ctx context.Context, r request, claims string) (*cachedToken, error) {
	if c == nil || c.life.Ended() {
		return nil, ErrClosed
	}
	if err := c.check(ctx, r); err != nil {
		return nil, err
	}
	if e := c.lookup(r); e != nil {
		if t, err := e.challenged(ctx, claims); t != nil || err != nil {
			return t, err
		}
	}
	return c.await(ctx, r, claims)
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
	e := c.lookup(r)
	if e == nil {
		return nil
	}
	return e.replace(ctx, t, claims)
}

// reject begins the search for another token in place of t, and does not wait for it.
func (c *cache) reject(r request, t *cachedToken, claims string) {
	if e := c.lookup(r); e != nil {
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

// find returns the entry of r, nil if there is none. Its token may have been seen by a callback of OnRotate alone.
func (c *cache) find(r request) *entry {
	if e := c.lookup(r); e != nil {
		return e
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.lookup(r); e != nil {
		return e // promoted just now
	}
	return c.pending[r.key()]
}

func (c *cache) snapshot() map[string]*entry {
	if m := c.served.Load(); m != nil {
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

// lookupVariant is apart, because room for a key on the stack costs every call of the function that has it.
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
	if e := c.pending[key]; e != nil {
		return e
	}
	e := newEntry(c.engine, r)
	e.timer = time.AfterFunc(maxTimer, func() { c.onTimer(e) })
	if c.pending == nil {
		c.pending = make(map[string]*entry)
	}
	c.pending[key] = e
	return e
}

// promote makes an entry that has got its first token visible to the read path.
func (c *cache) promote(e *entry) {
	if c.lookup(e.request) == e {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := e.key()
	if c.pending[key] != e {
		return // promoted already, or gone
	}
	c.forget(key)
	c.publish(func(m map[string]*entry) { m[key] = e })
}

// remove takes an entry that was dropped out of the cache.
func (c *cache) remove(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := e.key()
	if c.pending[key] == e {
		c.forget(key)
	}
	if c.lookup(e.request) == e {
		c.publish(func(m map[string]*entry) { delete(m, key) })
	}
}

// forget deletes key from pending. c.mu is held.
func (c *cache) forget(key string) {
	delete(c.pending, key)
	if len(c.pending) == 0 {
		c.pending = nil // an empty map would keep the room of its largest size
	}
}

// publish replaces the map of the read path by a changed copy. c.mu is held.
func (c *cache) publish(change func(map[string]*entry)) {
	next := maps.Clone(c.snapshot())
	if next == nil {
		next = make(map[string]*entry)
	}
	change(next)
	c.served.Store(&next)
}

// entries returns all entries, in no order.
func (c *cache) entries() []*entry {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.AppendSeq(slices.Collect(maps.Values(c.snapshot())), maps.Values(c.pending))
}

// onTimer is what an entry's timer runs. Between refreshes an entry has no goroutine, only this timer.
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
	c.closed = true
	c.mu.Unlock()
	for _, e := range c.entries() { // there will be no others
		e.drop()
		c.remove(e)
	}
}
