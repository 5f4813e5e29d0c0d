package aztoken

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// cachedToken is a token with its end on both clocks. It does not change.
type cachedToken struct {
	token Token
	// acquired, due and expires are the token's AcquiredOn, RefreshOn and ExpiresOn with the
	// readings of the monotonic clock, which Token leaves out.
	acquired, due, expires time.Time
	life                   time.Duration // what was left when it was acquired
	// until ends the token, a little before expires, on the monotonic clock, which cannot be set;
	// and untilWall on the wall clock, which runs on while a machine is suspended, in Unix
	// nanoseconds.
	until     time.Time
	untilWall int64
	given     time.Time // when the endpoint last returned it
	stored    bool      // it came from the store, and the endpoint has not returned it yet
	// recorded is acquired as the store has it: by the wall clock of the process that acquired the
	// token, which may be ahead.
	recorded time.Time
}

// isServable reports whether the token lives at now by both clocks.
func (t *cachedToken) isServable(now time.Time) bool {
	return now.Before(t.until) && now.UnixNano() < t.untilWall
}

// newCachedToken returns got as the cache keeps it. Its refresh is planned as of given, when the
// endpoint last returned it; acquired is when a client first got it. Both have readings of both
// clocks, as got.ExpiresOn has.
func (g *engine) newCachedToken(got azcore.AccessToken, b *bearer, acquired, given time.Time, random float64) *cachedToken {
	expires := got.ExpiresOn
	if furthest := given.Add(wire.MaxLife); expires.After(furthest) {
		expires = furthest // a developer's static token that claims never to expire
	}
	t := &cachedToken{acquired: acquired, recorded: record(acquired), given: given, expires: expires, life: expires.Sub(acquired)}
	t.due = schedule.Refresh(g.policy.due(given, acquired, expires, random), given, expires, got.RefreshOn)
	t.until = expires.Add(-schedule.ExpirySkew)
	t.untilWall = t.until.UnixNano()
	t.token = Token{
		Resource: b.Reveal().key.resource, AcquiredOn: utc(acquired), RefreshOn: utc(t.due), ExpiresOn: utc(expires), secret: b,
	}
	return t
}

// utc drops the monotonic reading: what leaves the client is compared with times from elsewhere.
func utc(t time.Time) time.Time { return t.Round(0).UTC() }

// isSame reports whether both are the same token, perhaps acquired twice.
func (t *cachedToken) isSame(other *cachedToken) bool { return t.token.secret == other.token.secret }

// sha256 returns the lower-case hex SHA-256 of the token, by which an endpoint is told which one a
// challenge rejected.
func (t *cachedToken) sha256() string {
	sum := sha256.Sum256([]byte(t.token.Value()))
	return hex.EncodeToString(sum[:])
}
