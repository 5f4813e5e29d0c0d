package rules

import "time"

// Ledger is what one client was given for one resource, as seen by the transport beneath it, and so
// the token that it must have in hand. Where the client has a choice that cannot be seen from
// outside, the ledger expects the lesser. The zero Ledger is that of a new client.
type Ledger struct {
	end      time.Time // of the token in hand, as far as the client can know; zero: there is none
	latest   time.Time // the latest end of all tokens that came
	value    string    // of the token that came last
	life     time.Duration
	received time.Time
	used     time.Time // by a call
	rejected bool      // by a service, and no token came since
	invalid  time.Time // the last Invalidate
}

// Receive notes a token that came now in reply to a request that began at began. end is the end of
// the token as the client must take it.
func (l *Ledger) Receive(value string, began, now, end time.Time) {
	end = OnBothClocks(now, end)
	switch {
	case l.rejected || !now.Before(l.end):
		l.end = end // after a rejection any token is better
	case began.Sub(l.received) < overtakenLimit && end.After(l.end):
		// Another request may have overtaken this one, and then the client does not take its token.
	case end.After(l.end):
		l.end = end
	}
	if end.After(l.latest) {
		l.latest = end
	}
	if value != l.value {
		l.life = end.Sub(now)
	}
	if l.used.IsZero() {
		l.used = now
	}
	l.value, l.received, l.rejected = value, now, false
}

// Use notes a call. A token that nobody used for a whole life may be gone, whoever uses it now.
func (l *Ledger) Use(now time.Time) {
	if l.isIdle(now) {
		l.end = time.Time{}
	}
	l.used = now
}

// Reject notes that a service rejected a token.
func (l *Ledger) Reject() { l.rejected = true }

// Invalidate notes that a token was passed to Invalidate. Whether that was the one in use cannot be
// seen: where a newer reply has less life left, the client keeps the token that it had.
func (l *Ledger) Invalidate(now time.Time) { l.rejected, l.invalid = true, now }

// End returns when the token in hand ends, zero if there is none.
func (l *Ledger) End() time.Time { return l.end }

// InHand reports whether the client must have a valid token. slack is the time that does not count
// as waiting.
func (l *Ledger) InHand(now time.Time, slack time.Duration) bool {
	return remains(l.end, now) > Skew+slack && l.received.Add(slack).Before(now) && !l.isIdle(now)
}

// MayHold reports whether the client may have a valid token, also where it need not.
func (l *Ledger) MayHold(now time.Time) bool { return l.latest.After(now) }

// IsSuspended reports whether the client may be looking for another token after Invalidate.
func (l *Ledger) IsSuspended(now time.Time) bool {
	return !l.invalid.IsZero() && now.Sub(l.invalid) <= flightLimit+comingBack
}

// isIdle reports whether the client may have dropped the token, as nobody used it for a whole life.
func (l *Ledger) isIdle(now time.Time) bool { return now.Sub(l.used) >= l.life }

// OnBothClocks returns then with the readings of both clocks, wall and monotonic, relative to now.
func OnBothClocks(now, then time.Time) time.Time { return now.Add(then.Sub(now)) }

// remains returns the time from now to end by the clock on which it is shorter.
func remains(end, now time.Time) time.Duration {
	return min(end.Sub(now), end.Round(0).Sub(now.Round(0)))
}
