package aztoken

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// RefreshPolicy says when the background refresh of a token is due. It is a pure function: now is the moment of the
// decision, just after the endpoint gave the token; acquired is when the client first got it, before now if the
// endpoint gave the same token again; expires is its end; random is drawn once for the decision, in [0, 1), for a
// fleet of clients to spread out.
//
// The client keeps to the result but refreshes not within a minute from now, not after expires, and earlier if the
// server asked for it (refresh_in).
type RefreshPolicy func(now, acquired, expires time.Time, random float64) time.Time

// HalfLife refreshes between a third and just short of a half of what is left of a token, so that an outage of half a
// token's life hurts nobody: 12 h with the 24 h tokens of managed identities, for 2 to 3 requests a day. It is the default.
//
// Drawn, as clients that were started together would otherwise ask together for ever.
func HalfLife() RefreshPolicy {
	return func(now, _, expires time.Time, random float64) time.Time {
		left := expires.Sub(now)
		// Short of the half by a hundredth, a quarter of an hour of 24 h: who is refused just as an outage of half a life
		// begins has that much left when it ends, to find out.
		earliest, latest := left/3, left/2-left/100
		return now.Add(earliest + time.Duration(random*float64(latest-earliest)))
	}
}

// MaxAge refreshes a token in the last tenth before the age d, or by HalfLife where that is earlier. It buys cover with
// requests: MaxAge(time.Hour) asks 24 times a day and, where the endpoint mints a new token each time, covers outages
// of 23 h. Where the endpoint gives the same token again, MaxAge looks again soon at first and then every d.
//
// A d of zero or less is HalfLife.
func MaxAge(d time.Duration) RefreshPolicy {
	halfLife := HalfLife()
	if d <= 0 {
		return halfLife
	}
	return func(now, acquired, expires time.Time, random float64) time.Time {
		limit := halfLife(now, acquired, expires, random)
		early := d - d/10
		due := acquired.Add(early + time.Duration(random*float64(d/10)))
		if over := now.Sub(acquired) - early; over >= 0 {
			// The platform had no newer token. IMDS mints one when its own is an hour old, so soon may be enough;
			// a host that keeps its token to the end is asked less and less often, as over doubles with each look.
			due = now.Add(min(d, max(over, d/8)))
		}
		if due.After(limit) {
			return limit
		}
		return due
	}
}

// refreshOn is when a token is refreshed. hint is the server's own advice, zero for none.
func refreshOn(policy RefreshPolicy, now, acquired, expires, hint time.Time, random float64) time.Time {
	return schedule.Refresh(guarded(policy)(now, acquired, expires, random), now, expires, hint)
}

// guarded makes a policy that does not return HalfLife.
func guarded(policy RefreshPolicy) RefreshPolicy {
	return func(now, acquired, expires time.Time, random float64) time.Time {
		due := HalfLife()(now, acquired, expires, random)
		_ = guard.Run(func() { due = policy(now, acquired, expires, random) })
		return due
	}
}

// idle says whether a token that was last read at lastUse is worth no further refresh: nobody wanted it for a whole life.
func idle(now, lastUse time.Time, life time.Duration) bool { return now.Sub(lastUse) >= life }

// maxSleep bounds the sleep of a refresh's timer, which counts on the monotonic clock: a machine that was suspended
// notices by the wall clock within this time that a refresh is overdue.
const maxSleep = 15 * time.Minute

// sleep is how long a refresh's timer may run at the time now for a refresh due at due, read on both clocks: the one
// that is further counts.
func sleep(now, due time.Time) time.Duration {
	left := min(due.Sub(now), due.Round(0).Sub(now.Round(0)))
	return max(0, min(left, maxSleep))
}
