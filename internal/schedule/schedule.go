// Package schedule decides when to try again: pure functions of times and a random number, which
// the client and the simulation of a fleet share. Every random number is in [0, 1).
package schedule

import "time"

const (
	// firstRetry is longer than a hiccup, but short for a token with hours left.
	firstRetry = 30 * time.Second
	// growth triples the wait from one failure to the next. With doubling, a client would try eight
	// times in the first hour of an outage instead of six, and the peak of a fleet would be a
	// quarter higher, without any gain while hours remain.
	growth = 3
	// maxRetry is the longest wait: an instance has a fresh token again three hours after any
	// outage, in time for the next.
	maxRetry = 3 * time.Hour
	// MinInterval is the least time between two scheduled requests for a token: even if a policy, a
	// server or an expired token asks for more, a program is never a burden to the endpoint it
	// depends on.
	MinInterval = time.Minute
	// shareOfRest bounds the wait by what is left of the token: a quarter leaves three more tries
	// in what remains, and spreads a fleet that still has hours left over hours after a long
	// outage.
	shareOfRest = 4
)

// Background returns the wait after the failed background refresh number failures (1 is the first),
// when left remains of the token. It triples from 30 s to a quarter of left, three hours at most,
// and is chosen at random from its upper half, so that a fleet that failed together does not return
// together. From the second failure on it is at least a minute. after, the Retry-After of the
// answer, is the least wait, within the same limit: no server can make a client waste its last
// hours.
func Background(failures int, left, after time.Duration, random float64) time.Duration {
	limit := min(max(left/shareOfRest, MinInterval), maxRetry)
	wait := firstRetry
	for n := 1; n < failures && wait < limit; n++ {
		wait *= growth
	}
	wait = min(wait, limit)
	wait = wait/2 + time.Duration(random*float64(wait/2))
	if failures > 1 {
		wait = max(wait, MinInterval)
	}
	return max(wait, min(after, limit))
}

const (
	// maxStep bounds the waits of the first minute: a caller without a token waits at most this
	// long after the endpoint is up.
	maxStep = 10 * time.Second
	// firstMinute ends with the last try of a flight of 75 s, which is every flight without a
	// caller's longer deadline.
	firstMinute = 75 * time.Second
	// laterStep is for callers that wait longer: a whole fleet of them must not overload an
	// endpoint that is coming up.
	laterStep = 30 * time.Second
	// lastTryBefore places the last try this long before the end of the flight, so that an endpoint
	// which comes back just in time (IMDS promises 70 s for an upgrade) is not missed by half a
	// minute.
	lastTryBefore = 3 * time.Second
)

// firstSteps are the first waits. The first is quick, for a hiccup; then they grow, because the
// other programs of the machine are trying too.
var firstSteps = [...]time.Duration{2 * time.Second, 5 * time.Second, 8 * time.Second}

// Foreground returns the wait after try number try (1 is the first) failed for callers without a
// token, at elapsed after the first try began, in a flight that ends at limit: tries that fail at
// once are made at 0, 2, 7, 15, 25, 35, 45, 55, 65 and 72 s of 75. It returns false when there is
// no time for another try, or when after, the Retry-After of the answer, is longer than the time
// there is.
func Foreground(try int, elapsed, limit, after time.Duration) (wait time.Duration, again bool) {
	last := limit - lastTryBefore
	if elapsed >= last || after > last-elapsed {
		return 0, false
	}
	switch {
	case try <= len(firstSteps):
		wait = firstSteps[max(try, 1)-1]
	case elapsed < firstMinute:
		wait = maxStep
	default:
		wait = laterStep
	}
	return min(max(wait, after), last-elapsed), true
}

const (
	// firstHoldoff is long enough that a service which says 401 to everything costs the endpoint
	// little, and short compared with the hours for which a rejected token would otherwise be used.
	firstHoldoff = 5 * time.Minute
	// maxHoldoff is the age at which IMDS is ready to mint a new token.
	maxHoldoff = time.Hour
)

// Holdoff returns how long further rejections of a token are ignored after one that was acted on.
// It doubles from prev, the previous holdoff (0 for none), as long as rejections follow each other;
// since is the time since the previous rejection.
func Holdoff(prev, since time.Duration) time.Duration {
	if prev == 0 || since > 2*maxHoldoff {
		return firstHoldoff
	}
	return min(2*prev, maxHoldoff)
}

// Alone returns when a client of a fleet whose members share a store asks the endpoint by itself,
// if none of the others has brought a newer token by then: at random between 3/4 and 15/16 of the
// token's life. At a fixed point all of them would ask together, because all hold the same token.
func Alone(acquired, expires time.Time, random float64) time.Time {
	life := expires.Sub(acquired)
	earliest, latest := life/4*3, life/16*15
	return acquired.Add(earliest + time.Duration(random*float64(latest-earliest)))
}

const (
	// firstLook is longer than the request of the lock's holder takes.
	firstLook = time.Minute
	// maxLook bounds the time between looks for the token that another client refreshes.
	maxLook = 15 * time.Minute
)

// Look returns the wait before a client looks again for the token that another one is refreshing,
// after it has looked n times (1 is the first), when left remains of its own. It doubles from a
// minute to a quarter of an hour, a quarter of left at most, plus up to a half at random.
func Look(n int, left time.Duration, random float64) time.Duration {
	limit := min(maxLook, left/shareOfRest)
	wait := firstLook
	for ; n > 1 && wait < limit; n-- {
		wait *= 2
	}
	wait = min(wait, limit)
	return max(0, min(wait+time.Duration(random*float64(wait/2)), limit))
}

// lastCall is the time before a token's end in which clients no longer wait for each other.
const lastCall = 30 * time.Second

// AsksAlone reports whether a client whose token is due asks the endpoint although another client
// has the lock: from alone on, when it has looked for the other's token at least once, and near the
// token's end in any case.
func AsksAlone(now, alone, expires time.Time, looks int) bool {
	return !now.Before(alone) && looks > 0 || expires.Sub(now) < lastCall
}
