package schedule

import "time"

// ExpirySkew is subtracted from a token's end for its way to the service. It is short because the
// last minutes of a token are as good as the first, and may be all there is in an outage.
const ExpirySkew = 2 * time.Second

// Refresh returns when to refresh a token that ends at expires if the client's policy, asked at
// now, wants it at due: then, or earlier if the server's hint (zero for none) says so, but not
// after the end, and not within a minute.
func Refresh(due, now, expires, hint time.Time) time.Time {
	if !hint.IsZero() && hint.Before(due) {
		due = hint
	}
	if due.After(expires) {
		due = expires
	}
	if earliest := now.Add(MinInterval); due.Before(earliest) {
		due = earliest
	}
	// The result has a monotonic reading, even if the policy has removed its own.
	return now.Add(due.Sub(now))
}

// HalfLife returns when a token that ends at expires is refreshed by half-life, decided at now:
// between a third and just short of a half of what is left.
func HalfLife(now, expires time.Time, random float64) time.Time {
	left := expires.Sub(now)
	// Short of the half by a hundredth, a quarter of an hour of 24 h: a client whose refresh fails
	// just as an outage of half a life begins still has that long once it ends.
	earliest, latest := left/3, left/2-left/100
	return now.Add(earliest + time.Duration(random*float64(latest-earliest)))
}

// MaxAge returns when a token that was first acquired at acquired is refreshed before the age d,
// decided at now: in the last tenth of d, or by HalfLife if that is earlier.
func MaxAge(d time.Duration, now, acquired, expires time.Time, random float64) time.Time {
	limit := HalfLife(now, expires, random)
	early := d - d/10
	due := acquired.Add(early + time.Duration(random*float64(d/10)))
	if over := now.Sub(acquired) - early; over >= 0 {
		// The platform had no newer token. IMDS issues one when its own is an hour old, so a short
		// wait may be enough; a host that keeps its token to the end is asked less and less often,
		// because over doubles with each look.
		due = now.Add(min(d, max(over, d/8)))
	}
	if due.After(limit) {
		return limit
	}
	return due
}
