// Package clocktest makes the times of a machine whose wall clock was set, which no function of
// package time does.
package clocktest

import (
	"time"
	"unsafe"
)

// Later is t, which has a monotonic reading, as a machine has it after a while on its monotonic
// clock, with its wall clock having gone on, or been set, by wall.
func Later(t time.Time, monotonic, wall time.Duration) time.Time {
	later := t.Add(wall)
	reading := &(*struct {
		_         uint64
		monotonic int64
	})(unsafe.Pointer(&later)).monotonic // as package time lays it out
	*reading += int64(monotonic - wall)
	return later
}
