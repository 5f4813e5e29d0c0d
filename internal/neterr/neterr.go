// Package neterr says what an error of a socket means. Package syscall has the error numbers of
// Unix; Windows has other ones for sockets, which errors.Is does not match.
package neterr

import (
	"errors"
	"syscall"
)

// InUse reports whether err means that another program listens at the address.
func InUse(err error) bool {
	return errors.Is(err, inUse) || errors.Is(err, syscall.EADDRINUSE)
}

// NoAddress reports whether err means that this machine does not have the address.
func NoAddress(err error) bool { return errors.Is(err, noAddress) }

// Refused reports whether err means that nothing listens at the address.
func Refused(err error) bool { return errors.Is(err, refused) }

// Reset reports whether err means that the other side ended the connection without an answer.
func Reset(err error) bool { return errors.Is(err, reset) }
