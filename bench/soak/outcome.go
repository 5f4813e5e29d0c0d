package main

import (
	"fmt"
	"time"
)

// rule is one of the invariants.
type rule string

const (
	noExpired    rule = "no expired token is used"
	noForeign    rule = "no token is used that the endpoint never gave"
	noWait       rule = "no call waits with a valid token in hand"
	noFailure    rule = "no call fails with a valid token in hand"
	noRiddle     rule = "no call fails without a fault that explains it"
	deadlines    rule = "every call ends at its deadline, and without one within 78 s"
	fewRequests  rule = "requests to the endpoint are bounded"
	fewPlaces    rule = "at most four requests are under way"
	fewFetches   rule = "fetches of keys are bounded"
	accepts      rule = "a good token of a known key is accepted at once"
	refuses      rule = "401 is for keys that Entra does not publish, 503 for when it cannot be asked"
	rejectsBad   rule = "a token that nobody signed is never accepted"
	noSecret     rule = "no secret is in an error, an event, a log line or a status"
	endsCleanly  rule = "clients and verifiers close at once and leave no goroutine"
	noGrowth     rule = "goroutines and memory are bounded"
	tellsRotates rule = "subscribers get the tokens that are in use"
)

var rules = []rule{
	noExpired, noForeign, noWait, noFailure, noRiddle, deadlines, fewRequests, fewPlaces, fewFetches, accepts, refuses, rejectsBad,
	noSecret, endsCleanly, noGrowth, tellsRotates,
}

// finding is that a rule was broken, and how.
type finding struct {
	rule rule
	what string
}

// outcome is a call for a token, and what was known about the client from outside when it began and ended.
type outcome struct {
	start, end time.Time
	deadline   time.Time // of the caller; zero: none
	over       bool      // the caller's context had ended when the call ended
	overBefore bool      // and when it began
	claims     bool      // it had the claims of a challenge

	inHand    bool // a valid token, when the call began
	suspended bool // by Invalidate, or another caller's
	troubled  bool // a request failed within the last minute, or was under way
	closed    bool // the client was, when the call ended

	token string
	ends  time.Time // the token, zero: the endpoint never gave it
	err   error
	slack time.Duration // the time that is no waiting: none in virtual time
}

// findings are the rules that a call broke. It is a pure function: what is known is in the outcome.
func (o outcome) findings() (all []finding) {
	broke := func(r rule, format string, args ...any) { all = append(all, finding{r, fmt.Sprintf(format, args...)}) }
	if o.err != nil && leaks(o.err.Error()+fmt.Sprintf("%+v %#v", o.err, o.err)) {
		broke(noSecret, "an error of a call for a token")
	}
	if o.err == nil {
		all = append(all, useFindings(o.ends, o.end, o.slack)...)
	}
	if o.closed {
		return all // a client that is closed meanwhile owes nothing but an end
	}
	all = append(all, o.waits()...)
	if o.inHand {
		if o.err != nil && !o.mayFail() {
			broke(noFailure, "%v", o.err)
		}
	} else if o.err != nil && !o.over && !o.troubled {
		broke(noRiddle, "%v", o.err)
	}
	return all
}

// waits are the rules that a call broke by the time it took.
func (o outcome) waits() (all []finding) {
	if o.closed {
		return nil
	}
	took := o.end.Sub(o.start)
	if most := o.mostWait(); o.inHand && took > most {
		all = append(all, finding{noWait, fmt.Sprintf("it waited %v, and may %v", took, most)})
	}
	limit := flightLimit + comingBack + suspension
	if !o.deadline.IsZero() {
		limit = max(0, o.deadline.Sub(o.start))
	}
	if took > limit+o.slack {
		all = append(all, finding{deadlines, fmt.Sprintf("it took %v, and had %v", took, limit)})
	}
	return all
}

// useFindings are the rules that the use of a token broke that ends then, at a zero time where it is none of the endpoint's.
func useFindings(ends, now time.Time, slack time.Duration) []finding {
	if ends.IsZero() {
		return []finding{{noForeign, "it is none of those"}}
	}
	// Two seconds before its end a token is no longer served; the endpoint tells its life in whole seconds.
	if left := remains(ends, now); left <= skew-time.Second-slack {
		return []finding{{noExpired, fmt.Sprintf("%v was left of it", left)}}
	}
	return nil
}

// mostWait is the most that a call may take that has a token in hand.
func (o outcome) mostWait() time.Duration {
	switch {
	case o.claims:
		return replacement + o.slack
	case o.suspended:
		return suspension + o.slack
	}
	return o.slack
}

// mayFail says whether a call may fail that has a token in hand: one that wants another token and cannot get it, and
// one whose time was over before it began while a token is out of service for two seconds.
func (o outcome) mayFail() bool { return o.claims || o.suspended && o.overBefore }
