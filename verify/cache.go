package verify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash"
	"sync"
	"time"
)

const (
	// rememberFor is how long a verified token is not verified again.
	rememberFor = 5 * time.Minute
	// maxRemembered bounds the memory: at 3 KiB each, 30 MiB. A service has as many as it has callers.
	maxRemembered = 10_000
	// shards keep the cores from waiting for one lock.
	shards = 16
)

// tokenID is the HMAC of a token under a key of this process. Nobody else can say which tokens have which, and the cache holds
// no token.
type tokenID [sha256.Size]byte

// remembered is a token that was verified.
type remembered struct {
	claims *Claims
	kid    string
	key    *signingKey
	until  time.Time
}

// cache remembers tokens that were accepted, and no others: what is refused is refused anew each time, and cannot fill it.
type cache struct {
	hashers sync.Pool
	shards  [shards]shard
}

type shard struct {
	mu     sync.RWMutex
	tokens map[tokenID]remembered
}

// hasher has room for all that computing an HMAC takes, so that it allocates nothing.
type hasher struct {
	mac    hash.Hash
	buffer []byte
	sum    []byte
}

func newCache() *cache {
	secret := make([]byte, sha256.Size)
	rand.Read(secret) // never fails
	c := &cache{}
	c.hashers.New = func() any { return &hasher{mac: hmac.New(sha256.New, secret), sum: make([]byte, 0, sha256.Size)} }
	for i := range c.shards {
		c.shards[i].tokens = map[tokenID]remembered{}
	}
	return c
}

func (c *cache) id(token string) (id tokenID) {
	h := c.hashers.Get().(*hasher)
	h.buffer = append(h.buffer[:0], token...)
	h.mac.Reset()
	h.mac.Write(h.buffer)
	copy(id[:], h.mac.Sum(h.sum))
	clear(h.buffer) // it must not lie about in memory
	c.hashers.Put(h)
	return id
}

func (c *cache) shard(id tokenID) *shard { return &c.shards[id[0]%shards] }

// get gives what is remembered of a token.
func (c *cache) get(id tokenID) (remembered, bool) {
	s := c.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, ok := s.tokens[id]
	return found, ok
}

// put remembers a token until then at the latest.
func (c *cache) put(id tokenID, r remembered, now time.Time) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= maxRemembered/shards {
		s.makeRoom(now)
	}
	s.tokens[id] = r
}

// makeRoom forgets what is over, or else any one.
func (s *shard) makeRoom(now time.Time) {
	for id, r := range s.tokens {
		if !now.Before(r.until) {
			delete(s.tokens, id)
		}
	}
	for id := range s.tokens {
		if len(s.tokens) < maxRemembered/shards {
			return
		}
		delete(s.tokens, id)
	}
}

func (c *cache) forget(id tokenID) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, id)
}
