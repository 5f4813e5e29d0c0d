package main

import (
	"encoding/json"
	"strconv"
	"time"
)

// What the documentation promises (docs/design.md), in numbers of its own: were they the library's constants, a mistake in
// these would be a mistake in the check as well.
const (
	skew           = 2 * time.Second  // a token is served to its end, less this
	suspension     = 2 * time.Second  // how long callers wait for another token after Invalidate
	replacement    = 10 * time.Second // how long the sender of a refused request waits for another token
	flightLimit    = 75 * time.Second // how long callers without a token wait who have no deadline
	comingBack     = time.Second      // what a try may take beyond its time
	failureLimit   = time.Minute      // how long a failure answers for the next calls, with a Retry-After
	leastLife      = 3 * time.Second  // with less left a token would expire on its way
	overtakenLimit = 45 * time.Second // more than a try takes, from its wait for a place to its answer
)

// ledger is what one client was given for one resource, written down by the transport beneath it, and so what it must have
// in hand. Where the client has a choice that cannot be seen from outside, the ledger expects the lesser.
type ledger struct {
	end      time.Time // of the token in hand, as far as the client can know it; zero: there is none
	value    string
	life     time.Duration // what was left of it when it came
	received time.Time
	used     time.Time // by a call
	refused  bool      // by a service, and no other came since
	invalid  time.Time // the last Invalidate
}

// receive notes a token whose request began at began.
func (l *ledger) receive(value string, began, now, end time.Time) {
	end = onBoth(now, end)
	switch {
	case l.refused || !now.Before(l.end):
		l.end = end // after a refusal whatever comes is better
	case began.Sub(l.received) < overtakenLimit && end.After(l.end):
		// The request may have been overtaken, and then the token is not taken.
	case end.After(l.end):
		l.end = end
	}
	if value != l.value {
		l.life = end.Sub(now)
	}
	if l.used.IsZero() {
		l.used = now
	}
	l.value, l.received, l.refused = value, now, false
}

// inHand says whether the client must have a token at the time now, with slack for what takes time without being waiting.
func (l *ledger) inHand(now time.Time, slack time.Duration) bool {
	return remains(l.end, now) > skew+slack && l.received.Add(slack).Before(now) && !l.idle(now)
}

// onBoth is a time after now with the readings of both clocks.
func onBoth(now, then time.Time) time.Time { return now.Add(then.Sub(now)) }

// remains is the time from now to an end, by the clock that ends it first.
func remains(end, now time.Time) time.Duration {
	return min(end.Sub(now), end.Round(0).Sub(now.Round(0)))
}

// use notes a call. A token that nobody read for a whole life may be gone, whoever reads it now.
func (l *ledger) use(now time.Time) {
	if l.idle(now) {
		l.end = time.Time{}
	}
	l.used = now
}

// idle says whether the token may have been let go, as nobody read it for a whole life.
func (l *ledger) idle(now time.Time) bool { return now.Sub(l.used) >= l.life }

// suspended says whether the client may be looking for another token after Invalidate.
func (l *ledger) suspended(now time.Time) bool {
	return !l.invalid.IsZero() && now.Sub(l.invalid) <= flightLimit+comingBack
}

// reply is a token as an endpoint gives it.
type reply struct {
	value string
	in    time.Duration // expires_in
	on    time.Time     // expires_on
	end   time.Time     // the claim exp: the truth
}

func readReply(body []byte) (r reply, ok bool) {
	var members struct {
		Value string `json:"access_token"`
		In    string `json:"expires_in"`
		On    string `json:"expires_on"`
	}
	if json.Unmarshal(body, &members) != nil {
		return reply{}, false
	}
	in, err := strconv.ParseInt(members.In, 10, 64)
	if err != nil {
		return reply{}, false
	}
	on, err := strconv.ParseInt(members.On, 10, 64)
	if err != nil {
		return reply{}, false
	}
	_, claims, ok := readToken(members.Value)
	if !ok {
		return reply{}, false
	}
	return reply{members.Value, time.Duration(in) * time.Second, time.Unix(on, 0), time.Unix(claims.Expires, 0)}, true
}

// believed is the end of a token as a client must take it: expires_in is right on a machine whose clock is wrong; expires_on
// counts where it comes earlier, unless it is past already, or as good as past.
func (r reply) believed(now time.Time) time.Time {
	if end := now.Add(r.in); r.on.Before(now.Add(leastLife)) || end.Before(r.on) {
		return end
	}
	return r.on
}
