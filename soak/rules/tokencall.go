package rules

import "time"

// TokenCall is a call for a token, and what was known about the client from outside when it began
// and when it ended.
type TokenCall struct {
	Start, End time.Time
	Deadline   time.Time // of the caller; zero: none
	Over       bool      // the caller's context had ended when the call ended
	OverBefore bool      // and when it began
	Claims     bool      // it passed the claims of a challenge

	InHand    bool // a valid token, when the call began
	MayHold   bool // the client may have had one, also where it need not
	Suspended bool // by Invalidate
	Troubled  bool // a request failed within the last minute, or was in flight
	Closed    bool // the client was, when the call ended

	Token    string
	TokenEnd time.Time // zero: the endpoint never returned the token
	Err      error
	Slack    time.Duration // the time that does not count as waiting: none in virtual time
}

// IsTroubled reports whether a request that failed at failed, zero for none, explains the failure
// of a call that began at start.
func IsTroubled(failed, start time.Time, slack time.Duration) bool {
	return !failed.IsZero() && start.Sub(failed) <= failureLimit+slack
}

// Findings returns the rules that the call broke.
func (c TokenCall) Findings() []Finding {
	all := SecretsOfError("an error of a call for a token", c.Err)
	if c.Err == nil {
		all = append(all, UseOfToken(c.TokenEnd, c.End, c.Slack)...)
	}
	if c.Closed {
		return all // a client that is closed meanwhile owes nothing but an end
	}
	all = append(all, c.waits()...)
	switch {
	case c.Err == nil:
	case c.InHand && !c.mayFail():
		all = append(all, found(NoFailure, "%v", c.Err))
	case c.Claims && c.MayHold: // and got the same token again
	case !c.InHand && !c.Over && !c.Troubled:
		all = append(all, found(NoRiddle, "%v", c.Err))
	}
	return all
}

// waits returns the rules that the call broke by the time it took.
func (c TokenCall) waits() (all []Finding) {
	if c.Closed {
		return nil
	}
	took := c.End.Sub(c.Start)
	if most := c.mostWait(); c.InHand && took > most {
		all = append(all, found(NoWait, "it waited %v; the limit is %v", took, most))
	}
	limit := flightLimit + comingBack + suspension
	if !c.Deadline.IsZero() {
		limit = max(0, c.Deadline.Sub(c.Start))
	}
	if took > limit+c.Slack {
		all = append(all, found(Deadlines, "it took %v; the limit is %v", took, limit))
	}
	return all
}

// mostWait is the limit for a call with a token in hand.
func (c TokenCall) mostWait() time.Duration {
	switch {
	case c.Claims:
		return replacement + c.Slack
	case c.Suspended:
		return suspension + c.Slack
	}
	return c.Slack
}

// mayFail reports whether the call may fail with a token in hand: one that wants another token may
// not get it, and one whose context had ended before it began finds the token suspended for two
// seconds.
func (c TokenCall) mayFail() bool { return c.Claims || c.Suspended && c.OverBefore }
