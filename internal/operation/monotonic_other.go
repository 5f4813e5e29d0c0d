//go:build !linux

package operation

// monotonicMicroseconds returns 0: there is no systemd on this system.
func monotonicMicroseconds() int64 { return 0 }
