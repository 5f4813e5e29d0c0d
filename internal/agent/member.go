package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
)

// upstream returns the id that is asked for, nil for the host's default identity.
func (id Identity) upstream() aztoken.ID {
	switch {
	case id.ClientID != "":
		return aztoken.ClientID(id.ClientID)
	case id.ObjectID != "":
		return aztoken.ObjectID(id.ObjectID)
	case id.ResourceID != "":
		return aztoken.ResourceID(id.ResourceID)
	}
	return nil
}

// A member is one client, and what callers were told of its tokens.
type member struct {
	name   string // of labels
	client *aztoken.Client

	mu      sync.Mutex // guards what follows
	answers map[string]answer
	renewed map[string]time.Time // when a new token was last asked for, by resource
}

// answer is a token as callers get it.
type answer struct {
	token aztoken.Token
	reply identityapi.Token
}

func newMember(name string, client *aztoken.Client) *member {
	return &member{name: name, client: client, answers: map[string]answer{}, renewed: map[string]time.Time{}}
}

// answer returns t as callers get it. What its claims say is read once for each token.
func (m *member) answer(t aztoken.Token) identityapi.Token {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.answers[t.Resource]; ok && known.token == t {
		return known.reply
	}
	reply := identityapi.Token{Value: t.Value(), ExpiresOn: t.ExpiresOn, FirstLife: t.ExpiresOn.Sub(t.AcquiredOn)}
	if claims, err := t.UnverifiedClaims(); err == nil { // one that is not a JWT says nothing about itself
		reply.ClientID, reply.ObjectID = claims.ClientID, claims.ObjectID
		if claims.NotBefore.Unix() > 0 {
			reply.NotBefore = claims.NotBefore
		}
	}
	if len(m.answers) > 2*maxResources { // with and without a slash
		clear(m.answers)
	}
	m.answers[t.Resource] = answer{t, reply}
	return reply
}

// renewInterval bounds how often callers have a token replaced: one that loops must not become a load upstream.
const renewInterval = time.Minute

// mayRenew reports whether a caller may have the token of a resource replaced now.
func (m *member) mayRenew(resource string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if last, ok := m.renewed[resource]; ok && now.Sub(last) < renewInterval {
		return false
	}
	if len(m.renewed) > 2*maxResources {
		clear(m.renewed)
	}
	m.renewed[resource] = now
	return true
}

// hasHash reports whether hash is the lower-case hex SHA-256 of a token.
func hasHash(token, hash string) bool {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:]) == hash
}

// hasToken reports whether the client holds any token.
func (m *member) hasToken() bool {
	return slices.ContainsFunc(m.client.Status().Resources, func(r aztoken.ResourceStatus) bool { return !r.ExpiresOn.IsZero() })
}

// maxOthers bounds the identities that callers of the default one may name. A host has seldom more than a few.
const maxOthers = 16

// members are the clients of one identity: its own and, where the configuration names no id, those of the ids that
// callers send.
type members struct {
	newClient func(aztoken.ID) (*aztoken.Client, error)
	ids       [3]identityapi.ID // of the configuration: client, object, resource; blank where there is none
	anyID     bool              // whatever a caller names is served by own: the developer has one identity
	own       *member
	life      *lifetime.Lifetime

	mu     sync.Mutex // guards others. No client is closed under it.
	others map[identityapi.ID]*member
}

func newMembers(id Identity, dev bool, newClient func(aztoken.ID) (*aztoken.Client, error)) (*members, error) {
	own, err := newClient(id.upstream())
	if err != nil {
		return nil, err
	}
	return &members{
		newClient: newClient, anyID: dev, own: newMember(id.Name, own), life: lifetime.New(),
		ids: [3]identityapi.ID{
			foldID(identityapi.ID{Kind: identityapi.ClientID, Value: id.ClientID}),
			foldID(identityapi.ID{Kind: identityapi.ObjectID, Value: id.ObjectID}),
			foldID(identityapi.ID{Kind: identityapi.ResourceID, Value: id.ResourceID}),
		},
		others: map[identityapi.ID]*member{},
	}, nil
}

// foldID returns an id without letter case, which does not matter in any of them.
func foldID(id identityapi.ID) identityapi.ID {
	return identityapi.ID{Kind: id.Kind, Value: strings.ToLower(id.Value)}
}

// of returns the client of the identity that a caller names. Nil means that it gets no tokens of that identity.
func (m *members) of(asked identityapi.ID) (*member, error) {
	asked = foldID(asked)
	switch {
	case asked.Value == "" || m.anyID || slices.Contains(m.ids[:], asked):
		return m.own, nil
	case m.ids[0].Value != "" || m.ids[1].Value != "" || m.ids[2].Value != "":
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if other := m.others[asked]; other != nil {
		return other, nil
	}
	if len(m.others) >= maxOthers && !m.evict() {
		return nil, nil
	}
	client, err := m.newClient(publicID(asked))
	if err != nil {
		return nil, err
	}
	m.others[asked] = newMember(asked.Value, client)
	return m.others[asked], nil
}

// evict makes room by one identity that has no token, as one that is not there. m.mu is held.
func (m *members) evict() bool {
	for id, other := range m.others {
		if !other.hasToken() {
			delete(m.others, id)
			m.life.Go(func() { _ = other.client.Close() })
			return true
		}
	}
	return false
}

func publicID(id identityapi.ID) aztoken.ID {
	switch id.Kind {
	case identityapi.ClientID:
		return aztoken.ClientID(id.Value)
	case identityapi.ObjectID:
		return aztoken.ObjectID(id.Value)
	default:
		return aztoken.ResourceID(id.Value)
	}
}

// all returns the clients that there are.
func (m *members) all() []*member {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []*member{m.own}
	for _, other := range m.others {
		all = append(all, other)
	}
	return all
}

// close closes the clients, all at once.
func (m *members) close() {
	for _, member := range m.all() {
		m.life.Go(func() { _ = member.client.Close() })
	}
	m.life.End()
	m.life.Wait(closeTimeout)
}
