//go:build !windows

package neterr

import "syscall"

const (
	inUse     = syscall.EADDRINUSE
	noAddress = syscall.EADDRNOTAVAIL
	refused   = syscall.ECONNREFUSED
	reset     = syscall.ECONNRESET
)
