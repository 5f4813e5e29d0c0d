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

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// request names a token: it is the key of an entry.
type request struct {
	resource string
	tenant   string // "" for the identity's own
	cae      bool   // continuous access evaluation: only for Options.Credential
}

// isPlain reports whether the resource alone is the key, so that the read path needs no
// concatenation. A resource that looks like a scope is not plain: as a key it would be taken for
// the scope of another.
func (r request) isPlain() bool {
	return r.tenant == "" && !r.cae && hosts.TrimScope(r.resource) == r.resource
}

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

// cachedToken is a token with its end on both clocks. It does not change.
type cachedToken struct {
	token Token
	// acquired, due and expires are the token's AcquiredOn, RefreshOn and ExpiresOn with the
	// readings of the monotonic clock, which Token leaves out.
	acquired, due, expires time.Time
	life                   time.Duration // what was left when it was acquired
	// until ends the token, a little before expires, on the monotonic clock, which cannot be set;
	// and untilWall on the wall clock, which runs on while a machine is suspended, in Unix
	// nanoseconds.
	until     time.Time
	untilWall int64
	given     time.Time // when the endpoint last returned it
	stored    bool      // it came from the store, and the endpoint has not returned it yet
	// recorded is acquired as the store has it: by the wall clock of whoever acquired the token,
	// which may be ahead.
	recorded time.Time
}

// isServable reports whether the token lives at now by both clocks.
func (t *cachedToken) isServable(now time.Time) bool {
	return now.Before(t.until) && now.UnixNano() < t.untilWall
}

// newCachedToken returns got as the cache keeps it. Its refresh is planned as of given, when the
// endpoint last returned it; acquired is when a client first got it. Both have readings of both
// clocks, as got.ExpiresOn has.
func (g *engine) newCachedToken(got azcore.AccessToken, b *bearer, acquired, given time.Time, random float64) *cachedToken {
	expires := got.ExpiresOn
	if furthest := given.Add(wire.MaxLife); expires.After(furthest) {
		expires = furthest // a developer's static token that claims to live for ever
	}
	t := &cachedToken{acquired: acquired, recorded: record(acquired), given: given, expires: expires, life: expires.Sub(acquired)}
	t.due = schedule.Refresh(g.policy.due(given, acquired, expires, random), given, expires, got.RefreshOn)
	t.until = expires.Add(-schedule.ExpirySkew)
	t.untilWall = t.until.UnixNano()
	t.token = Token{
		Resource: b.Reveal().key.resource, AcquiredOn: utc(acquired), RefreshOn: utc(t.due), ExpiresOn: utc(expires), secret: b,
	}
	return t
}

// utc drops the monotonic reading: what leaves the client is compared with times from elsewhere.
func utc(t time.Time) time.Time { return t.Round(0).UTC() }

// isSame reports whether both are the same token, perhaps acquired twice.
func (t *cachedToken) isSame(other *cachedToken) bool { return t.token.secret == other.token.secret }

// sha256 returns the lower-case hex SHA-256 of the token, by which an endpoint is told which one a
// challenge rejected.
func (t *cachedToken) sha256() string {
	sum := sha256.Sum256([]byte(t.token.Value()))
	return hex.EncodeToString(sum[:])
}

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

// get returns the token for resource, which may be spelled as a scope: at once where one is served,
// and else from a flight that all callers of the resource share.
func (c *cache) get(ctx context.Context, resource string) (*cachedToken, error) {
	if t := c.read(resource); t != nil {
		return t, nil
	}
	return c.getFor(ctx, request{resource: hosts.TrimScope(resource)})
}

// getFor is get by the whole key.
func (c *cache) getFor(ctx context.Context, r request) (*cachedToken, error) {
	if e := c.lookup(r); e != nil {
		if t := e.read(time.Now()); t != nil {
			return t, nil
		}
	}
	return c.await(ctx, r, wish{})
}

// warm is get for a caller who waits also where nothing listens yet.
func (c *cache) warm(ctx context.Context, resource string) (*cachedToken, error) {
	if t := c.read(resource); t != nil {
		return t, nil
	}
	return c.await(ctx, request{resource: hosts.TrimScope(resource)}, wish{isWarming: true})
}

// wish is what a caller wants of a flight.
type wish struct {
	claims    string // of a challenge, "" for none: what is served does not do
	isWarming bool   // to wait also where nothing listens yet
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
	if e := c.find(r); e != nil && w.claims == "" {
		if t := e.read(time.Now()); t != nil { // whatever the state of ctx, as on the fast path
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
// while challenges follow each other it is held off as rejections are, and a token that came since
// the first of them has to do.
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

// find returns the entry of r, published or not, nil if there is none. It is for those who have a
// token of it already.
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

// lookupVariant is apart, because room for a key on the stack costs every call of the function that
// has it.
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
// locks. If each new entry were published at once, ten thousand of them would take quadratic time.
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
