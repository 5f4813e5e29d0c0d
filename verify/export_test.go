package verify

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// ReadHeader returns the key id of a header, which is JSON.
func ReadHeader(header []byte) (kid string, err error) { return keyID(string(header)) }

// ReadKeys returns how many keys of a JWKS are used.
func ReadKeys(jwks []byte) (int, error) {
	keys, err := readKeys(jwks)
	return keys.usable(), err
}

// KeysHeld is how many keys v has at the moment.
func (v *Verifier) KeysHeld() int { return len(*v.keys.keys.Load()) }

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
		v.cache.put(v.cache.id(fmt.Sprint(i)), &remembered{claims: &Claims{}, until: until}, time.Now())
	}
}

// MaxRemembered is how many tokens a Verifier remembers at most.
const MaxRemembered = maxRemembered

// ReadDiscovery reads a discovery document.
func ReadDiscovery(document []byte) error {
	h, _ := Public.hosts()
	_, err := newSource(&http.Client{}, &url.URL{Scheme: "https", Host: h.login}, ofCloud(h), "", "").keys(document)
	return err
}
