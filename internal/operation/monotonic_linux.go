package operation

import (
	"syscall"
	"unsafe"
)

// clockMonotonic is CLOCK_MONOTONIC of time.h. Go's own monotonic clock has another zero.
const clockMonotonic = 1

func monotonicMicroseconds() int64 {
	var now syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		return 0
	}
	return now.Nano() / 1000
}
