package verify

import "time"

// until returns the time from now to due. Where both have a monotonic reading, the shorter of both
// clocks counts: timers stand still while a machine sleeps, and the wall clock may be set back.
func until(now, due time.Time) time.Duration {
	return min(due.Sub(now), due.Round(0).Sub(now.Round(0)))
}
