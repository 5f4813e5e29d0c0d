// Package wallclock sets the wall clock of this process, and of no other, apart from the machine's.
package wallclock

import (
	"errors"
	"sync"
	"time"
)

// Clock is the wall clock of this process. Its monotonic clock goes on as ever. To the process a
// step looks like an administrator who sets the clock, and, ahead, like a machine that was
// suspended: timers and the monotonic clock stood still meanwhile. A nil Clock cannot be set.
type Clock struct {
	set func(ahead time.Duration)

	mu      sync.Mutex // guards stepped, and makes it the time of the last set
	stepped time.Time  // with a monotonic reading
}

// ErrUnsupported means that the wall clock of this process cannot be set.
var ErrUnsupported = errors.New("wallclock: it can be set on Linux with an amd64 processor only, where the kernel allows it")

// SetAhead sets the clock that much ahead of the machine's, or back if by is negative.
func (c *Clock) SetAhead(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(by)
	c.stepped = time.Now()
}

// SteppedSince reports whether the clock was set since then.
func (c *Clock) SteppedSince(then time.Time) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.stepped.IsZero() && c.stepped.Sub(then) >= 0
}
