package aztoken

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// request is what a token is asked for. All of it but the demand is the token's key in the cache.
type request struct {
	resource string
	tenant   string  // only for Options.Credential: a managed identity has one tenant
	cae      bool    // the same: continuous access evaluation
	demand   *demand // of a claims challenge, nil for none; a request with a demand goes past the cache
}

// demand is what a claims challenge asks of a token. It is apart, as every look into the cache carries a request.
type demand struct {
	claims  string
	refused string // the hex SHA-256 of the token that the challenge refused, "" if there was none
}

// ordinary says that the resource alone is the key of r, so that the read path needs no concatenation.
func (r request) ordinary() bool { return r.tenant == "" && !r.cae }

// appendKey appends the key of a request that is not ordinary to b.
func (r request) appendKey(b []byte) []byte {
	b = append(b, r.resource...)
	b = append(b, 0) // no resource has a NUL, so keys cannot be confused
	b = append(b, r.tenant...)
	if r.cae {
		b = append(b, 0)
	}
	return b
}

var (
	errNoResource  = errors.New("the resource is empty; give the App ID URI of the service to call")
	errBadResource = errors.New("the resource or tenant has spaces or characters outside ASCII; give the App ID URI of the service to call")
)

// check says what is wrong with r before anything is sent.
func (r request) check() error {
	if r.resource == "" {
		return errNoResource
	}
	if strings.ContainsFunc(r.resource+r.tenant, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return errBadResource
	}
	return nil
}

func (r request) key() string {
	if r.ordinary() {
		return r.resource
	}
	return string(r.appendKey(nil))
}

// held is a token in the cache with its end on both clocks. It does not change.
type held struct {
	token Token
	// acquired, due and expires are the token's AcquiredOn, RefreshOn and ExpiresOn with the readings of the
	// monotonic clock, which Token leaves out.
	acquired, due, expires time.Time
	life                   time.Duration // what was left when it was acquired
	// untilWall ends the token on the wall clock, which runs on while a machine is suspended, in Unix nanoseconds.
	untilWall int64
	// untilMono ends it on the monotonic clock, which nobody sets, since the client's epoch.
	untilMono time.Duration
}

// clock is one reading of both clocks.
type clock struct {
	wall int64         // Unix nanoseconds
	mono time.Duration // since the client's epoch
}

func (h *held) servable(now clock) bool { return now.wall < h.untilWall && now.mono < h.untilMono }

// entry is the place of one key's token. Readers use current and used; the rest is the refresh's.
type entry struct {
	request
	current atomic.Pointer[held] // nil until the first is stored, and for the moments after Invalidate
	// used is set by readers and taken back by the refresh. Readers load it first: a store at every read would
	// make their cores fight for one cache line.
	used atomic.Bool

	mu         sync.Mutex
	timer      *time.Timer
	due        time.Time // when the next refresh is wanted
	refreshing bool
	dropped    bool
	lastUse    time.Time
	failures   int // since the last success
	lastErr    error
	lastErrOn  time.Time
	refused    *held // by a service, while a flight looks for another
	refusedOn  time.Time
	holdoff    time.Duration
	demanded   bool // the refusal that holds off others was a challenge
}

// servable is the token of e, nil if there is none that can be served.
func (e *entry) servable(now clock) *held {
	if h := e.current.Load(); h != nil && h.servable(now) {
		return h
	}
	return nil
}

// read is servable for somebody who uses the token.
func (e *entry) read(now clock) *held {
	h := e.servable(now)
	if h == nil {
		return nil
	}
	if !e.used.Load() {
		e.used.Store(true)
	}
	return h
}

// cache maps keys to entries. A read is two atomic loads; a new key copies the map, which happens once in a resource's
// life. Only a key that got a token has an entry, so failing requests leave nothing here.
type cache struct {
	entries atomic.Pointer[map[string]*entry]

	mu     sync.Mutex // held to change entries
	closed bool
}

func (c *cache) snapshot() map[string]*entry {
	if m := c.entries.Load(); m != nil {
		return *m
	}
	return nil
}

// lookup gives the entry of r, nil if there is none.
func (c *cache) lookup(r request) *entry {
	if r.ordinary() {
		return c.snapshot()[r.resource]
	}
	return c.lookupVariant(r)
}

// lookupVariant is apart, because room for a key on the stack costs every call of the function that has it.
func (c *cache) lookupVariant(r request) *entry {
	var onStack [256]byte
	return c.snapshot()[string(r.appendKey(onStack[:0]))]
}

// obtain gives the entry of r, a new one if there is none; nil after close.
func (c *cache) obtain(r request) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	if e := c.lookup(r); e != nil {
		return e
	}
	r.demand = nil
	e := &entry{request: r}
	next := maps.Clone(c.snapshot())
	if next == nil {
		next = make(map[string]*entry)
	}
	next[r.key()] = e
	c.entries.Store(&next)
	return e
}

func (c *cache) remove(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lookup(e.request) != e {
		return
	}
	next := maps.Clone(c.snapshot())
	delete(next, e.key())
	c.entries.Store(&next)
}

// close empties the cache for good and gives what was in it.
func (c *cache) close() map[string]*entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.snapshot()
	c.closed = true
	c.entries.Store(&map[string]*entry{})
	return old
}
