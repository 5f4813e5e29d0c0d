// Package clocktest makes the times of a machine whose wall clock was set, which no function of
// package time does.
package clocktest

import (
	"time"
	"unsafe"
)

// Later returns t, which has a monotonic reading, advanced by monotonic on the monotonic clock and
// by wall on the wall clock.
func Later(t time.Time, monotonic, wall time.Duration) time.Time {
	later := t.Add(wall)
	reading := &(*struct {
		_         uint64
		monotonic int64
	})(unsafe.Pointer(&later)).monotonic // in the layout of package time
	*reading += int64(monotonic - wall)
	return later
}
