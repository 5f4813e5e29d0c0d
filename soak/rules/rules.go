// Package rules judges what was observed of a client and a verifier from outside. It is pure: it
// keeps the books and returns findings, and whoever observes decides what to do with them.
//
// The books are a [Ledger] of the tokens that a client was given, a [Keyview] of the keys that a
// verifier was given, and [Requests] and [Fetches] in sliding windows. They tell what each end must
// have, and so what it owes its callers: see [TokenCall], [ServiceCall] and [Verification].
package rules

import "fmt"

// Rule is one of the promises that a run checks.
type Rule string

const (
	NoExpired    Rule = "no expired token is used"
	NoForeign    Rule = "no token is used that the endpoint never returned"
	NoWait       Rule = "no call waits with a valid token in hand"
	NoFailure    Rule = "no call fails with a valid token in hand"
	NoRiddle     Rule = "no call fails without a fault that explains it"
	Deadlines    Rule = "every call ends by its deadline, and without one within 78 s"
	FewRequests  Rule = "requests to the endpoint are bounded"
	FewSlots     Rule = "at most four requests are in flight"
	FewFetches   Rule = "fetches of keys are bounded"
	Accepts      Rule = "a good token with a known key is accepted at once"
	Refuses      Rule = "401 is for keys that Entra does not publish, 503 for when it cannot be asked"
	RejectsBad   Rule = "a token that nobody signed is never accepted"
	NoSecret     Rule = "no secret is in an error, an event, a log line or a status"
	EndsCleanly  Rule = "clients and verifiers close at once and leave no goroutine"
	NoGrowth     Rule = "goroutines and memory are bounded"
	TellsRotates Rule = "subscribers get the tokens that are in use"
)

// All returns all rules.
func All() []Rule {
	return []Rule{
		NoExpired, NoForeign, NoWait, NoFailure, NoRiddle, Deadlines, FewRequests, FewSlots, FewFetches, Accepts, Refuses,
		RejectsBad, NoSecret, EndsCleanly, NoGrowth, TellsRotates,
	}
}

// Finding is how a rule was broken.
type Finding struct {
	Rule Rule
	What string
}

func found(r Rule, format string, args ...any) Finding {
	return Finding{r, fmt.Sprintf(format, args...)}
}
