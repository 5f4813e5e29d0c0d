package aztoken_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken"
)

const (
	// The longest that a caller waits who has no token and no deadline: a flight's 75 s, a second
	// for a source that does not heed its context, and the flight after one whose token ended on
	// its way.
	modelPatience = 2 * 76 * time.Second
	// modelChallenge is how long a caller looks for a token in place of a rejected one.
	modelChallenge = 10 * time.Second
	// modelMemory is how long a failure can answer for others: a Retry-After counts for a minute at
	// most.
	modelMemory = 62 * time.Second
	// modelAfterEffect is when a fault is over for all: a flight, and what is remembered of it.
	modelAfterEffect = 76*time.Second + modelMemory
	// modelEnd is what is taken off a token's end: two seconds by the client, one by the endpoint's
	// whole seconds.
	modelEnd = 3 * time.Second
)

// modelState is what is known of a key of one client from outside: from what it handed out, and
// from what was done to it. The rules need no more.
type modelState struct {
	seen        *minted // the last token that the client handed out
	seenAt      time.Time
	acquired    time.Time     // when the client got it, or later
	token       aztoken.Token // the last by a call of Token, perhaps older than seen
	lastUse     time.Time
	uses        []time.Time // of the last half hour, and the one before that
	rejected    time.Time   // by a service, a challenge or Invalidate
	invalidated time.Time   // by a call of Invalidate that callers may have to wait for
	challenged  time.Time
	acted       time.Time // when a rejection was surely acted on
	// condemned is a rejected token that must be replaced, unless the endpoint has failed since.
	condemned     string
	condemnedAt   time.Time
	dark          time.Time // when a caller last came who could not be served at once
	values        map[string]bool
	requests      []time.Time // to the endpoint, of the last minute
	acquiredEvent int
	lastEvent     time.Time
}

// modelRules are the promises of a client, and the state by which they are judged.
type modelRules struct {
	endpoint *modelEndpoint
	broke    func(format string, args ...any)

	mu      sync.Mutex
	states  map[modelKey]*modelState
	closing time.Time // when Close was called
	closed  time.Time // when it returned
}

func (st *modelState) use(now time.Time) {
	st.lastUse, st.uses = now, append(st.uses, now)
	for len(st.uses) > 2 && now.Sub(st.uses[1]) > 30*time.Minute {
		st.uses = st.uses[1:]
	}
}

// isKept reports whether a token that was acquired then is surely refreshed: one that nobody uses
// after it has come is not, and the client looks for that every 15 minutes.
func (st *modelState) isKept(acquired, now time.Time) bool {
	return slices.ContainsFunc(st.uses, func(at time.Time) bool {
		return at.After(acquired.Add(time.Second)) && now.Sub(at) > 16*time.Minute
	})
}

func (r *modelRules) state(k modelKey) *modelState {
	st := r.states[k]
	if st == nil {
		st = &modelState{values: map[string]bool{}}
		r.states[k] = st
	}
	return st
}

// modelCall is a call, and what is known when it begins.
type modelCall struct {
	what       string
	key        modelKey
	claims     bool
	start      time.Time
	deadline   time.Time // zero for none
	overBefore bool      // its context had ended when it began
	held       time.Time // until when the client has a valid token at least; zero for none
	withheld   time.Time // until when Invalidate may have callers wait
	// fresh means that the endpoint works and the key was not rejected for hours: a challenge must
	// be met.
	fresh   bool
	current string // the token of the key
}

// begin notes that a call begins.
func (r *modelRules) begin(ctx context.Context, what string, k modelKey, claims bool, p patience) modelCall {
	now := time.Now()
	c := modelCall{what: what, key: k, claims: claims, start: now, overBefore: ctx.Err() != nil}
	c.deadline, _ = ctx.Deadline()
	if at := now.Add(p.cancel); p.cancel > 0 && (c.deadline.IsZero() || at.Before(c.deadline)) {
		c.deadline = at
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.state(k)
	c.held = r.heldUntil(k, st, now)
	c.withheld = st.invalidated.Add(2 * time.Second)
	if st.seen != nil {
		c.current = st.seen.value
	}
	c.fresh = r.isWell(st, now)
	if claims {
		st.rejected, st.challenged = now, now
	}
	if !c.overBefore {
		st.use(now)
		if !c.held.After(now) {
			st.dark, st.seen = now, nil // what is held is known again when a call returns it
		}
	}
	return c
}

// heldUntil returns until when the client surely holds a valid token for k. r.mu is held.
func (r *modelRules) heldUntil(k modelKey, st *modelState, now time.Time) time.Time {
	if st.seen == nil {
		return time.Time{}
	}
	until, life := st.seen.ends, st.seen.ends.Sub(st.acquired)-time.Second
	// One that took its place is as good, unless it took the place of a rejected one.
	replaced := !st.rejected.Add(modelAfterEffect).Before(st.seenAt)
	for _, m := range r.endpoint.since(k, st.seen.at) {
		if m.value == st.seen.value {
			continue
		}
		life = min(life, m.ends.Sub(m.replied)-time.Second) // IMDS tells it in whole seconds
		if replaced && m.ends.Before(until) {
			until = m.ends
		}
	}
	if now.Sub(st.lastUse) >= life {
		return time.Time{} // it may have been dropped
	}
	return until.Add(-modelEnd)
}

// end judges a call: what it returned, and when.
func (r *modelRules) end(ctx context.Context, c modelCall, value string, err error) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.state(c.key)
	if st.invalidated.Equal(c.start) {
		c.withheld = c.start.Add(2 * time.Second) // by another caller of this moment
	}
	r.judgeTime(c, now)
	if err == nil {
		r.judgeToken(c.what, c.key, value, now)
		if value == st.condemned && c.start.After(st.condemnedAt.Add(modelChallenge)) && !r.endpoint.troubledSince(st.condemnedAt) {
			r.broke("%s returned a token that was rejected at %v", c, modelTime(st.condemnedAt))
		}
		r.see(c.key, value, aztoken.Token{}, now)
	} else {
		r.judgeError(ctx, c, err, now)
	}
	c.fresh = c.fresh && !r.endpoint.troubledSince(c.start)
	if c.claims && c.held.After(now) && r.closing.IsZero() {
		switch {
		case err == nil && value == c.current && c.fresh:
			r.broke("%s returned the token that it was to replace", c)
		case err != nil && c.fresh && ctx.Err() == nil && r.endpoint.mintAfter < 0:
			r.broke("%s failed with a healthy endpoint: %v", c, err)
		}
	}
}

func (c modelCall) String() string {
	return fmt.Sprintf("%s for %v (begun %v, held until %v)", c.what, c.key, modelTime(c.start), modelTime(c.held))
}

// judgeTime judges how long a call took.
func (r *modelRules) judgeTime(c modelCall, now time.Time) {
	took, most := now.Sub(c.start), modelPatience
	if c.claims {
		most += modelChallenge
	}
	if !c.deadline.IsZero() {
		most = max(0, c.deadline.Sub(c.start))
	}
	if c.overBefore {
		most = 0
	}
	if took > most {
		r.broke("%s took %v, and had %v", c, took, most)
	}
	if !r.closing.IsZero() {
		return
	}
	if most = r.mostWait(c); c.held.After(c.start.Add(most)) && took > most {
		r.broke("%s waited %v with a valid token held, and may %v", c, took, most)
	}
	if !r.endpoint.troubledSince(c.start.Add(-modelAfterEffect)) && took > 3*time.Second {
		r.broke("%s took %v with a healthy endpoint", c, took)
	}
}

// mostWait returns how long a call may wait that has a valid token.
func (r *modelRules) mostWait(c modelCall) time.Duration {
	switch {
	case c.claims:
		return modelChallenge
	case c.withheld.After(c.start):
		return c.withheld.Sub(c.start)
	}
	return 0
}

// judgeToken judges a token that was handed out for k at now. r.mu is held.
func (r *modelRules) judgeToken(what string, k modelKey, value string, now time.Time) {
	m := r.endpoint.find(value)
	switch {
	case m == nil:
		r.broke("%s for %v returned %q, which nobody issued", what, k, value)
	case m.key != k:
		r.broke("%s for %v returned a token for %v", what, k, m.key)
	case !now.Before(m.ends.Add(-2 * time.Second)):
		r.broke("%s for %v returned a token that ends in %v", what, k, m.ends.Sub(now))
	}
	if !r.closed.IsZero() && now.After(r.closed) {
		r.broke("%s for %v returned a token after Close", what, k)
	}
}

// see notes that the client handed out a token for k. r.mu is held.
func (r *modelRules) see(k modelKey, value string, t aztoken.Token, now time.Time) {
	m, st := r.endpoint.find(value), r.state(k)
	if m == nil {
		return
	}
	if st.seen == nil || st.seen.value != value {
		st.acquired = now
	}
	if t.Value() != "" {
		st.token, st.acquired = t, t.AcquiredOn
	}
	st.seen, st.seenAt, st.values[value] = m, now, true
}

// judgeError judges what a call failed with.
func (r *modelRules) judgeError(ctx context.Context, c modelCall, err error, now time.Time) {
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "eyJ") {
		r.broke("%s: its error shows a token", c)
	}
	var failed *aztoken.Error
	isContext := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case errors.Is(err, aztoken.ErrClosed):
		if r.closing.IsZero() {
			r.broke("%s returned ErrClosed before Close", c)
		}
		return
	case !r.closed.IsZero() && c.start.After(r.closed):
		r.broke("%s returned %v after Close", c, err)
	case !errors.As(err, &failed):
		r.broke("%s returned a %T: %v", c, err, err)
	case failed.Resource != c.key.resource:
		r.broke("%s returned an error for %q", c, failed.Resource)
	case isContext && (ctx.Err() == nil || !errors.Is(err, ctx.Err())):
		r.broke("%s returned %v, which its context did not say", c, err)
	}
	if !r.closing.IsZero() {
		return
	}
	held := c.held.After(c.start.Add(r.mostWait(c)))
	switch {
	case held && !c.claims && (!c.overBefore || !c.withheld.After(c.start)):
		r.broke("%s failed with a valid token held: %v", c, err)
	case !held && !c.claims && ctx.Err() == nil && !r.endpoint.troubledSince(c.start.Add(-modelMemory)):
		r.broke("%s failed with a healthy endpoint: %v", c, err)
	}
}

// reject notes that the token value for k was rejected. r.mu is held.
func (r *modelRules) reject(k modelKey, value string, now time.Time) {
	st := r.state(k)
	if st.seen != nil && st.seen.value == value && r.isWell(st, now) {
		if r.endpoint.mintAfter < 0 {
			st.condemned, st.condemnedAt = value, now
		}
		if len(r.endpoint.since(k, st.seen.at)) == 1 && r.heldUntil(k, st, now).After(now) {
			st.acted = now
		}
	}
	st.rejected = now
}

// invalidate notes a call of Invalidate. One that comes within five minutes of a rejection that was
// acted on costs no caller anything, unless there was a challenge. r.mu is held.
func (r *modelRules) invalidate(k modelKey, value string, now time.Time) {
	st := r.state(k)
	acted := st.acted
	r.reject(k, value, now)
	if now.Sub(acted) >= 5*time.Minute || !st.challenged.Before(acted) || !st.invalidated.Equal(acted) {
		st.invalidated = now
	}
}

// isWell reports whether a rejection at now must lead to another token, if the endpoint stays as
// healthy as it is.
func (r *modelRules) isWell(st *modelState, now time.Time) bool {
	return now.Sub(st.rejected) > 3*time.Hour && !r.endpoint.troubledSince(now.Add(-modelAfterEffect))
}

// requested judges a request to the endpoint, of which inFlight are under way with it.
func (r *modelRules) requested(k modelKey, inFlight int) {
	now := time.Now()
	if inFlight > 4 {
		r.broke("%d requests are under way", inFlight)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed.IsZero() && now.After(r.closed) {
		r.broke("the endpoint was asked for %v after Close", k)
	}
	st := r.state(k)
	st.requests = append(st.requests, now)
	for now.Sub(st.requests[0]) >= time.Minute {
		st.requests = st.requests[1:]
	}
	// A flight whose failure is told at once answers for two seconds. With a token held there are
	// two refreshes a minute at most, and one flight each for a rejection and a challenge, which
	// are minutes apart.
	most := 40
	if now.Sub(st.dark) > modelAfterEffect+time.Minute && r.heldUntil(k, st, now.Add(-time.Minute)).After(now) {
		most = 5
	}
	if len(st.requests) > most {
		r.broke("the endpoint was asked %d times in a minute for %v, and may %d times", len(st.requests), k, most)
	}
}

// judgeStatus judges a Status that was taken at now.
func (r *modelRules) judgeStatus(s aztoken.Status, maxAge time.Duration, now time.Time) {
	if text := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(text, "eyJ") {
		r.broke("the status shows a token")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	calm := !r.endpoint.troubledSince(now.Add(-modelAfterEffect))
	for _, res := range s.Resources {
		k := modelKey{res.Resource, res.Tenant, res.CAE}
		if r.states[k] == nil {
			r.broke("the status has %v, for which nobody asked", k)
			continue
		}
		if res.ExpiresOn.IsZero() {
			if res.LastError == "" || now.Sub(res.LastErrorOn) > modelAfterEffect {
				r.broke("the status remembers a failure of %v: %+v", k, res)
			}
			continue
		}
		all := r.endpoint.since(k, res.ExpiresOn.Add(-400*24*time.Hour))
		var m *minted
		for i := range all {
			if d := all[i].ends.Sub(res.ExpiresOn); d >= 0 && d < time.Second {
				m = &all[i]
				break
			}
		}
		switch {
		case m == nil:
			r.broke("the status of %v has a token that nobody issued: %+v", k, res)
		case res.Failures == 0 && res.LastError != "" || res.Failures > 0 && res.LastError == "":
			r.broke("the status of %v contradicts itself: %+v", k, res)
		case calm && now.Sub(res.RefreshOn) > time.Second && !r.endpoint.isAsked(k) && r.states[k].isKept(res.AcquiredOn, now):
			r.broke("the refresh of %v is overdue: %+v", k, res)
		case res.Failures > 0 && res.RefreshOn.Sub(res.LastErrorOn) > 3*time.Hour+time.Second:
			r.broke("the refresh of %v is tried again too late: %+v", k, res)
		case res.Failures == 0 && !slices.ContainsFunc(r.endpoint.replies(k), func(at time.Time) bool { return mayFollow(at, res, maxAge) }):
			r.broke("the refresh of %v is due too late: %+v", k, res)
		case calm && res.Failures > 0 && now.Sub(res.LastErrorOn) > 3*time.Hour+modelAfterEffect:
			r.broke("the status of %v has an old failure: %+v", k, res)
		}
	}
}

// mayFollow reports whether a refresh may be due so late after a reply that came at looked.
func mayFollow(looked time.Time, res aztoken.ResourceStatus, maxAge time.Duration) bool {
	most := res.ExpiresOn.Sub(looked) / 2
	if maxAge > 0 {
		most = min(most, maxAge)
	}
	return res.RefreshOn.Sub(looked) <= max(most, time.Minute)+time.Second
}

// judgeEvent judges an event that came at now.
func (r *modelRules) judgeEvent(ev aztoken.Event, now time.Time) {
	if strings.Contains(fmt.Sprintf("%v %+v %#v", ev, ev, ev), "eyJ") {
		r.broke("an event shows a token")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed.IsZero() && now.After(r.closed) {
		r.broke("an event came after Close: %+v", ev)
	}
	if ev.Kind == aztoken.EventCallbackFailed {
		if ev.Err == nil {
			r.broke("an event does not say what failed: %+v", ev)
		}
		return
	}
	k := modelKey{ev.Resource, ev.Tenant, ev.CAE}
	st := r.states[k]
	if st == nil {
		r.broke("an event is of %v, for which nobody asked", k)
		return
	}
	if ev.Time.Before(st.lastEvent) {
		r.broke("an event is older than the one before: %+v", ev)
	}
	st.lastEvent = ev.Time
	var failed *aztoken.Error
	switch ev.Kind {
	case aztoken.EventAcquired:
		st.acquiredEvent++
		fallthrough
	case aztoken.EventUnchanged:
		if ev.Err != nil || !ev.ExpiresOn.After(ev.Time) || !ev.RefreshOn.After(ev.Time) {
			r.broke("an event tells of a token that is none: %+v", ev)
		}
	case aztoken.EventFailed:
		if !errors.As(ev.Err, &failed) {
			r.broke("an event tells of no failure: %+v", ev)
		}
		if r.closing.IsZero() && !r.endpoint.troubledSince(ev.Time.Add(-time.Second)) {
			r.broke("an event tells of a failure of a healthy endpoint: %+v", ev)
		}
	case aztoken.EventRejected:
		if st.rejected.Before(ev.Time) {
			r.broke("an event tells of a rejection, and the last was at %v: %+v", modelTime(st.rejected), ev)
		}
	case aztoken.EventDropped:
		if st.lastUse.Before(ev.Time) && st.seen != nil && r.heldUntil(k, st, ev.Time).After(ev.Time) {
			r.broke("an event tells that a token in use was dropped: %+v", ev)
		}
	default:
		r.broke("an event of an unknown kind: %+v", ev)
	}
}

// modelTime is short, and never the zero time's many digits.
func modelTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("02 15:04:05.000")
}
