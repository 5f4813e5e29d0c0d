package imdstest

import (
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

// What the platform can fail with.
type platformFailure int

const (
	fine platformFailure = iota
	unknownResource
	entraAway
)

// issue returns a token of id for resource, from the cache if the rules allow, and says whether it is a new one.
func (s *Server) issue(id *Identity, resource string, entraDown bool) (tok issued, minted bool, failure platformFailure) {
	now := time.Now()
	keeps := s.options.MintAfter >= 0
	slot := keptFor{id, resource}
	if keeps {
		// Held while minting, so that many requests at once get one token, as they do from a cache.
		s.platform.mu.Lock()
		defer s.platform.mu.Unlock()
		tok, found := s.platform.kept[slot]
		if found && tok.alive(now) && (entraDown || now.Sub(tok.minted) < s.options.MintAfter) {
			return tok, false, fine
		}
	}
	if entraDown {
		return issued{}, false, entraAway
	}
	if known := s.options.Resources; known != nil && !slices.Contains(known, resource) {
		return issued{}, false, unknownResource
	}
	tok = s.mint(*id, resource, now)
	if keeps {
		if s.platform.kept == nil {
			s.platform.kept = make(map[keptFor]issued)
		}
		s.platform.kept[slot] = tok
	}
	return tok, true, fine
}

func (s *Server) mint(id Identity, resource string, now time.Time) issued {
	key := s.keys()[0]
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

func (t issued) alive(now time.Time) bool {
	return time.Unix(t.expires, 0).Sub(now) > lastMoments
}
