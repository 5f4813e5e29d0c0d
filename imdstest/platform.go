package imdstest

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// lastMoments is the remaining life with which a kept token is of no use to anybody.
const lastMoments = 5 * time.Second

// A platform is what stands between an identity endpoint and Entra, whatever the host: it mints
// tokens and keeps them.
type platform struct {
	mu   sync.Mutex
	kept map[keptFor]issued
}

type keptFor struct {
	identity *Identity
	resource string
}

// An issued token is one that the platform handed out, with the times that go with it, in Unix seconds.
type issued struct {
	value              string
	minted             time.Time
	notBefore, expires int64
	firstLife          int64
}

// An order is what a host asks of the platform.
type order struct {
	identity  *Identity
	resource  string
	revoked   string // lower-case hex SHA-256 of a kept token that is of no use any more; blank: none
	entraDown bool
}

// issue returns a token, from the cache if the rules allow, and says whether it is a new one.
func (s *Server) issue(o order) (tok issued, minted bool, bad *problem) {
	now := time.Now()
	keeps := s.options.MintAfter >= 0
	slot := keptFor{o.identity, o.resource}
	if keeps {
		// Held while minting, so that many requests at once get one token, as they do from a cache.
		s.platform.mu.Lock()
		defer s.platform.mu.Unlock()
		tok, found := s.platform.kept[slot]
		if found && tok.alive(now) && !tok.is(o.revoked) && (o.entraDown || now.Sub(tok.minted) < s.options.MintAfter) {
			return tok, false, nil
		}
	}
	if o.entraDown {
		return issued{}, false, &problem{kind: entraAway}
	}
	if !s.knows(o.resource) {
		return issued{}, false, &problem{resourceUnknown, o.resource}
	}
	tok = s.mint(*o.identity, o.resource, now)
	if keeps {
		if s.platform.kept == nil {
			s.platform.kept = make(map[keptFor]issued)
		}
		s.platform.kept[slot] = tok
	}
	return tok, true, nil
}

// knows tells whether Entra has the resource.
func (s *Server) knows(resource string) bool {
	return s.options.Resources == nil || slices.Contains(s.options.Resources, resource)
}

func (s *Server) mint(id Identity, resource string, now time.Time) issued {
	key := s.keys.signing()
	claims := s.claims(id, resource, now)
	expires := claims["exp"].(int64)
	return issued{
		value:     key.token(JWT{Header: key.header(), Claims: claims}),
		minted:    now,
		notBefore: claims["nbf"].(int64),
		expires:   expires,
		firstLife: expires - now.Unix(),
	}
}

// is tells whether t is the token that has this hash.
func (t issued) is(hash string) bool {
	if hash == "" {
		return false
	}
	sum := sha256.Sum256([]byte(t.value))
	return hash == hex.EncodeToString(sum[:])
}

func (t issued) alive(now time.Time) bool {
	return time.Unix(t.expires, 0).Sub(now) > lastMoments
}
