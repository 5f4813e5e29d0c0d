package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
	"github.com/seed-ac726066/aztoken/internal/warm"
)

// renewInterval bounds how often callers can replace a token: one of them may loop.
const renewInterval = time.Minute

// maxAnswers bounds what is remembered: names with and without a slash, of several identities.
const maxAnswers = 16 * maxResources

// answers counts the answers about the tokens of an identity.
type answers struct {
	mu    sync.Mutex // guards known
	known map[answerKey]*answer
}

type answerKey struct {
	client   *aztoken.Client
	resource string
}

type answer struct {
	token   aztoken.Token
	reply   identityapi.Token
	renewed time.Time // when a caller last had the token replaced
	lease   *warm.Lease
}

// of returns a token in the form that callers get, and keeps it fresh while they hold it.
func (a *answers) of(client *aztoken.Client, t aztoken.Token) identityapi.Token {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.find(client, t)
	if known.token == t {
		return known.reply
	}
	reply := identityapi.Token{Value: t.Value(), ExpiresOn: t.ExpiresOn, FirstLife: t.ExpiresOn.Sub(t.AcquiredOn)}
	// A token that is not a JWT has no claims to read.
	if claims, err := t.UnverifiedClaims(); err == nil {
		reply.ClientID = claims.ClientID
		if claims.NotBefore.Unix() > 0 {
			reply.NotBefore = claims.NotBefore
		}
	}
	known.token, known.reply = t, reply.Prepared()
	if known.lease == nil || !known.lease.Renew(t.ExpiresOn) {
		known.lease = warm.Hold(client, t.Resource, t.ExpiresOn)
	}
	return known.reply
}

// mayRenew reports whether a caller may replace a token now.
func (a *answers) mayRenew(client *aztoken.Client, t aztoken.Token) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, now := a.find(client, t), time.Now()
	if now.Sub(known.renewed) < renewInterval {
		return false
	}
	known.renewed = now
	return true
}

// find returns what is known of t's resource. a.mu is held.
func (a *answers) find(client *aztoken.Client, t aztoken.Token) *answer {
	key := answerKey{client, t.Resource}
	if a.known[key] == nil {
		if a.known == nil || len(a.known) >= maxAnswers {
			a.known = map[answerKey]*answer{}
		}
		a.known[key] = new(answer)
	}
	return a.known[key]
}

// hasHash reports whether hash is the lower-case hex SHA-256 of t.
func hasHash(t aztoken.Token, hash string) bool {
	sum := sha256.Sum256([]byte(t.Value()))
	return hex.EncodeToString(sum[:]) == hash
}
