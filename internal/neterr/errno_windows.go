package neterr

import "syscall"

// https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2
const (
	inUse     = syscall.Errno(10048) // WSAEADDRINUSE
	noAddress = syscall.Errno(10049) // WSAEADDRNOTAVAIL
	refused   = syscall.Errno(10061) // WSAECONNREFUSED
	reset     = syscall.WSAECONNRESET
)
