package verify

import (
	"crypto/sha256"
	"hash/maphash"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/clock"
)

const (
	// rememberFor is how long a verified token is not verified again.
	rememberFor = 5 * time.Minute
	// maxRemembered bounds the memory: at 4 KiB each, 40 MiB. A service has as many tokens as
	// callers.
	maxRemembered = 10_000
	// shards keep the cores from waiting for one lock.
	shards = 16
)

// tokenID is a hash of a token's signature, under a seed of this process.
type tokenID uint64

// remembered is a token that was verified. It has only the hash of the signature, so the cache
// holds no usable token.
type remembered struct {
	signed    string // header and payload, as they were sent
	signature [sha256.Size]byte
	claims    *Claims
	kid       string
	key       *signingKey
	until     time.Time
}

// is reports whether r is the token with these parts. Any header and payload may be sent with a
// signature that is good, so both are compared.
func (r *remembered) is(signed, signature string) bool {
	return r.signed == signed && r.signature == digest(signature)
}

// maxSignature is the length of a signature by the largest key.
const maxSignature = (maxBits/8*8 + 5) / 6

// digest returns the hash of a signature, which is not longer than the largest.
func digest(signature string) [sha256.Size]byte {
	var room [maxSignature]byte // on the stack
	return sha256.Sum256(append(room[:0], signature...))
}

// isCurrent reports whether r may still be used as far as time is concerned, by both clocks: the
// monotonic one alone would accept an expired token after the machine was suspended.
func (r *remembered) isCurrent(now time.Time) bool { return clock.Until(now, r.until) > 0 }

// cache remembers accepted tokens. Refused ones are not cached, so a flood of them cannot fill it.
type cache struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu     sync.RWMutex // guards tokens; nothing else happens under it
	tokens map[tokenID]*remembered
}

func newCache() *cache {
	c := &cache{seed: maphash.MakeSeed()}
	c.forgetAll()
	return c
}

func (c *cache) id(signature string) tokenID { return tokenID(maphash.String(c.seed, signature)) }

func (c *cache) shard(id tokenID) *shard { return &c.shards[id%shards] }

// get returns what is remembered under an id, nil if nothing is.
func (c *cache) get(id tokenID) *remembered {
	s := c.shard(id)
	s.mu.RLock()
	found := s.tokens[id]
	s.mu.RUnlock()
	return found
}

// put remembers a token until then at the latest.
func (c *cache) put(id tokenID, r *remembered, now time.Time) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= maxRemembered/shards {
		s.makeRoom(now)
	}
	s.tokens[id] = r
}

// makeRoom removes the expired entries, or else any one.
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

func (c *cache) forget(id tokenID) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, id)
}

func (c *cache) forgetAll() {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.tokens = map[tokenID]*remembered{}
		s.mu.Unlock()
	}
}
