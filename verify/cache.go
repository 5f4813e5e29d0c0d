package verify

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// rememberFor is how long a verified token is not verified again.
	rememberFor = 5 * time.Minute
	// maxRemembered bounds the memory: at 4 KiB each, 40 MiB. A service has as many tokens as callers.
	maxRemembered = 10_000
	// shards keep the cores from waiting for one lock.
	shards = 16
)

// tokenID is the hash of a token's signature. The cache holds no signature, and so no token that anybody
// could use.
type tokenID [sha256.Size]byte

// maxSignature is the length of a signature by the largest key.
const maxSignature = (maxBits/8*8 + 5) / 6

// idOf returns the id of a token. Only one token has a signature that is good, but any may be sent with it:
// see remembered.signed.
func idOf(signature string) tokenID {
	var room [maxSignature]byte // on the stack
	return sha256.Sum256(append(room[:0], signature...))
}

// remembered is a token that was verified.
type remembered struct {
	signed string // header and payload, as they were sent
	claims *Claims
	kid    string
	key    *signingKey
	until  time.Time
}

// isCurrent reports whether r may still be used as far as time is concerned, by both clocks: the monotonic one alone would accept
// an expired token after the machine was suspended.
func (r remembered) isCurrent(now time.Time) bool { return until(now, r.until) > 0 }

// cache remembers accepted tokens. Refused ones are not cached, so a flood of them cannot fill it.
type cache struct {
	shards [shards]shard
}

type shard struct {
	mu     sync.RWMutex // guards tokens; nothing else happens under it
	tokens map[tokenID]remembered
}

func newCache() *cache {
	c := &cache{}
	c.forgetAll()
	return c
}

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
