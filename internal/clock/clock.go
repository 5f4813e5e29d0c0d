// Package clock reads times on both clocks of a machine.
package clock

import "time"

// Until returns the time from now to t, read on the wall clock and on the monotonic clock: the
// shorter counts. It is for timers that must not be late. The monotonic clock stops while a machine
// is suspended, and the wall clock may be set back; neither may delay what is due at t.
func Until(now, t time.Time) time.Duration {
	return min(t.Sub(now), t.Round(0).Sub(now.Round(0)))
}
