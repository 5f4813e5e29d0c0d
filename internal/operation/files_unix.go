//go:build unix

package operation

import "syscall"

// fileLimit returns how many files the process may have open. (Go has raised the soft limit to the
// hard one.)
func fileLimit() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
