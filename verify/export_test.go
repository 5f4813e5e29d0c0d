package verify

import (
	"fmt"
	"time"
)

// ReadHeader gives the key id of a header, which is JSON.
func ReadHeader(header []byte) (kid string, err error) { return readHeader(header) }

// ReadKeys gives how many keys of a JWKS are used.
func ReadKeys(jwks []byte) (int, error) {
	set, err := readKeys(jwks, time.Now(), nil)
	if err != nil {
		return 0, err
	}
	return len(set.keys), nil
}

// KeysHeld is how many keys v has at the moment.
func (v *Verifier) KeysHeld() int { return len(v.keys.current.Load().keys) }

// Remembered is how many tokens v remembers.
func (v *Verifier) Remembered() (all int) {
	for i := range v.cache.shards {
		s := &v.cache.shards[i]
		s.mu.Lock()
		all += len(s.tokens)
		s.mu.Unlock()
	}
	return all
}

// Remember makes v remember n tokens that nobody sent, until then.
func (v *Verifier) Remember(n int, until time.Time) {
	for i := range n {
		v.cache.put(v.cache.id(fmt.Sprint(i)), remembered{claims: &Claims{}, until: until}, time.Now())
	}
}

// MaxRemembered is how many tokens a Verifier remembers at most.
const MaxRemembered = maxRemembered
