package statuspage

import (
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

// State is that of one token, or of the keys of one tenant.
type State string

// The states of tokens and keys.
const (
	Valid State = "valid" // there is one, and the last try got it
	// Unused: a valid token that nobody uses: it is refreshed when somebody uses it.
	Unused   State = "unused"
	Idle     State = "idle"     // no keys, because no token to check has come yet
	Retrying State = "retrying" // there is one, and the last try to get a newer one failed
	// Repeated: there is one with less than half of its life left, and no try failed: the host
	// returns the same one again, as in an outage of Entra ID that leaves the host itself up.
	Repeated State = "repeated"
	Ending   State = "ending"  // it was not replaced, and is in the last quarter of its life
	Expired  State = "expired" // the token has expired
	Missing  State = "missing" // there is none, and the last try to get one failed
	Closed   State = "closed"  // the client or the verifier was closed
)

// Level is how much a state matters to the person on call.
type Level string

// The levels, from the best to the worst.
const (
	OK       Level = "ok"       // nothing is wrong
	Warning  Level = "warning"  // calls work, on what is in memory
	Critical Level = "critical" // calls fail, or will soon
)

// Level returns how much the state matters.
func (s State) Level() Level {
	switch s {
	case Valid, Unused, Idle:
		return OK
	case Retrying, Repeated, Closed:
		return Warning
	}
	return Critical
}

// rank orders levels from the best to the worst.
func (l Level) rank() int {
	switch l {
	case OK:
		return 0
	case Warning:
		return 1
	}
	return 2
}

// worse returns the worse of two levels.
func worse(a, b Level) Level {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// tokenState returns the state of a token at now.
func tokenState(r aztoken.ResourceStatus, now time.Time) State {
	switch {
	case r.ExpiresOn.IsZero():
		return Missing
	case !now.Before(r.ExpiresOn):
		return Expired
	case r.Failures > 0:
		return failing(r.AcquiredOn, r.ExpiresOn, now)
	case r.Unused:
		return Unused
	case isEnding(r.AcquiredOn, r.ExpiresOn, now):
		return Ending
	case isHalfOver(r.AcquiredOn, r.ExpiresOn, now):
		return Repeated
	}
	return Valid
}

// keyState returns the state of the keys of a tenant, or of a verifier, at now.
func keyState(s verify.Status, now time.Time) State {
	switch {
	case s.Closed:
		return Closed
	case s.KeySource == "" && s.LastError == "":
		return Idle
	case s.KeySource == "" || !now.Before(s.ExpireOn):
		return Missing
	case s.LastError != "":
		return failing(s.FetchedOn, s.ExpireOn, now)
	}
	return Valid
}

// failing returns the state of something that is valid from from to until and is not being renewed.
func failing(from, until, now time.Time) State {
	if isEnding(from, until, now) {
		return Ending
	}
	return Retrying
}

// isHalfOver reports whether less than half of a life is left. Every policy has replaced a token
// before that.
func isHalfOver(from, until, now time.Time) bool { return until.Sub(now) < until.Sub(from)/2 }

// isEnding reports whether less than a quarter of a life is left, six hours of a managed identity's
// 24: then somebody must look into the outage.
func isEnding(from, until, now time.Time) bool { return until.Sub(now) < until.Sub(from)/4 }

// left returns how long something that ends at until can still be used.
func left(until, now time.Time) time.Duration {
	if until.IsZero() {
		return 0
	}
	return max(0, until.Sub(now))
}
