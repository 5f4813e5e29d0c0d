//go:build !linux

package operation

// monotonicMicroseconds returns 0: systemd is not here.
func monotonicMicroseconds() int64 { return 0 }
