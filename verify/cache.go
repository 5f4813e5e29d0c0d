package verify

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// rememberFor is how long a verified token is not verified again.
	rememberFor = 5 * time.Minute
	// maxRemembered bounds the memory: at 3 KiB each, 30 MiB. A service has as many tokens as callers.
	maxRemembered = 10_000
	// shards keep the cores from waiting for one lock.
	shards = 16
)

// tokenID is the hash of a token together with a secret of this process. Nobody else can tell which
// token has which, and the cache holds no token.
type tokenID [sha256.Size]byte

// remembered is a token that was verified.
type remembered struct {
	claims *Claims
	kid    string
	key    *signingKey
	until  time.Time
}

// isCurrent reports whether r may still be used, by both clocks: the monotonic one alone would accept
// an expired token after the machine was suspended.
func (r remembered) isCurrent(now time.Time) bool { return until(now, r.until) > 0 }

// cache remembers accepted tokens. Refused ones are not cached, so a flood of them cannot fill it.
type cache struct {
	secret [sha256.Size]byte
	shards [shards]shard
}

type shard struct {
	mu     sync.RWMutex // guards tokens; nothing else happens under it
	tokens map[tokenID]remembered
}

func newCache() *cache {
	c := &cache{}
	rand.Read(c.secret[:]) // never fails
	c.forgetAll()
	return c
}

func (c *cache) id(token string, s *scratch) tokenID { return s.sum(c.secret[:], token) }

func (c *cache) shard(id *tokenID) *shard { return &c.shards[id[0]%shards] }

// get returns what is remembered of a token.
func (c *cache) get(id *tokenID) (remembered, bool) {
	s := c.shard(id)
	s.mu.RLock()
	found, ok := s.tokens[*id]
	s.mu.RUnlock()
	return found, ok
}

// put remembers a token until then at the latest.
func (c *cache) put(id *tokenID, r remembered, now time.Time) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= maxRemembered/shards {
		s.makeRoom(now)
	}
	s.tokens[*id] = r
}

// makeRoom removes the entries that are over, or else any one.
func (s *shard) makeRoom(now time.Time) {
	for id, r := range s.tokens {
		if !r.isCurrent(now) {
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

func (c *cache) forget(id *tokenID) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, *id)
}

func (c *cache) forgetAll() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.tokens = map[tokenID]remembered{}
		s.mu.Unlock()
	}
}
