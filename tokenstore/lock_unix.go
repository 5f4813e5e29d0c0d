//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package tokenstore

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock of an open file, which ends when it is closed. ok reports whether it was free.
func tryLock(file *os.File) (ok bool, err error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var locked error
	err = raw.Control(func(fd uintptr) {
		for {
			if locked = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(locked, syscall.EINTR) {
				return
			}
		}
	})
	switch {
	case err != nil:
		return false, err
	case errors.Is(locked, syscall.EWOULDBLOCK):
		return false, nil
	}
	return locked == nil, locked
}
