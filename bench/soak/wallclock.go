package main

import (
	"errors"
	"sync"
	"time"
)

// wallClock sets the wall clock of this process, and only of it, ahead or back from the machine's; its monotonic clock goes on
// as ever. To the process that is an administrator who sets the clock, and, ahead, a machine that was suspended: its
// timers and its monotonic clock stood still meanwhile.
type wallClock struct {
	set func(ahead time.Duration)

	mu      sync.Mutex
	stepped time.Time // the last time, with a monotonic reading
}

var errNoWallClock = errors.New("the wall clock of a process can be set on Linux with an amd64 processor only, where the kernel allows it")

// setAhead sets the clock to so much ahead of the machine's, or back of it.
func (c *wallClock) setAhead(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(by)
	c.stepped = time.Now()
}

// steppedSince says whether the clock was set since a time.
func (c *wallClock) steppedSince(then time.Time) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.stepped.IsZero() && c.stepped.Sub(then) >= 0
}
