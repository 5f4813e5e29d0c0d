package aztoken

import (
	"math/rand/v2"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/seed-ac726066/aztoken/internal/schedule"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// store puts a token that was asked for at asked and came at now into the cache and plans its refresh. It gives what the
// cache holds then, which is not always the new token.
func (c *Client) store(r request, got azcore.AccessToken, asked, now time.Time) (*held, EventKind) {
	// With readings of both clocks: a wall clock that is set later must not move the end of a token that is kept.
	got.ExpiresOn = now.Add(got.ExpiresOn.Sub(now))
	e := c.cache.obtain(r)
	if e == nil { // closed meanwhile
		return c.hold(r, got, now, nil), EventAcquired
	}
	c.failures.forget(r.key())
	for {
		old := e.latest()
		if old != nil && c.keeps(e, old, r, got, asked) {
			got = azcore.AccessToken{Token: old.token.Value(), ExpiresOn: old.expires}
		}
		var same *held
		if old != nil && old.token.Value() == got.Token {
			same = old
		}
		h := c.hold(r, got, now, same) // without the lock: it calls the user's policy
		e.mu.Lock()
		if e.latestLocked() != old {
			e.mu.Unlock()
			continue
		}
		e.current.Store(h)
		e.refused, e.failures, e.lastErr = nil, 0, nil
		if e.lastUse.IsZero() {
			e.lastUse = now
		}
		c.plan(e, now, h.due)
		if same == nil {
			c.rotations.publish(c, e.request, h.token) // under the lock, so that subscribers see tokens in order
		}
		e.mu.Unlock()
		if same != nil {
			return h, EventUnchanged
		}
		return h, EventAcquired
	}
}

// keeps says whether the token in the cache is better than the one that came: it was got after this one was asked for, by a
// request that overtook this, or it lives longer and nobody refused it, as some caches give a token near its end.
func (c *Client) keeps(e *entry, old *held, r request, got azcore.AccessToken, asked time.Time) bool {
	if !old.servable(c.now()) {
		return false
	}
	return old.acquired.After(asked) || r.demand == nil && !e.replacing() && old.expires.After(got.ExpiresOn)
}

// hold makes the cache's form of a token. same is the held form of the same token, got again.
func (c *Client) hold(r request, got azcore.AccessToken, now time.Time, same *held) *held {
	expires := got.ExpiresOn
	if furthest := now.Add(wire.MaxLife); expires.After(furthest) {
		expires = furthest // a developer's static token that claims to live for ever
	}
	h := &held{acquired: now, expires: expires, life: expires.Sub(now)}
	hint := got.RefreshOn
	if same != nil {
		h.acquired, h.life, h.token.secret = same.acquired, same.life, same.token.secret
		hint = time.Time{} // it was taken, and led to this same token: only the policy's growing intervals help now
	} else {
		h.token.secret = newSecret(got.Token)
	}
	h.due = refreshOn(c.opts.Refresh, now, h.acquired, expires, hint, rand.Float64())
	end := expires.Add(-schedule.ExpirySkew)
	h.untilWall, h.untilMono = end.UnixNano(), now.Add(end.Sub(now)).Sub(c.epoch)
	h.token.Resource, h.token.AcquiredOn, h.token.RefreshOn, h.token.ExpiresOn = r.resource, utc(h.acquired), utc(h.due), utc(expires)
	return h
}

// latest is the token of e whether or not it is in service, nil for none.
func (e *entry) latest() *held {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.latestLocked()
}

func (e *entry) latestLocked() *held {
	if h := e.current.Load(); h != nil {
		return h
	}
	return e.refused
}

// utc drops the monotonic reading: what leaves the client is compared with times from elsewhere.
func utc(t time.Time) time.Time { return t.Round(0).UTC() }
