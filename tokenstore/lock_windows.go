package tokenstore

import (
	"errors"
	"os"
	"syscall"
	"unsafe"
)

const (
	lockExclusive       = 0x2 // LOCKFILE_EXCLUSIVE_LOCK
	lockFailImmediately = 0x1 // LOCKFILE_FAIL_IMMEDIATELY

	errorLockViolation = syscall.Errno(33)
)

// tryLock takes the lock of an open file, which ends when it is closed. ok reports whether it was free.
func tryLock(file *os.File) (ok bool, err error) {
	lockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	raw, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var locked error
	err = raw.Control(func(handle uintptr) {
		var at syscall.Overlapped // from the first byte on
		done, _, failure := lockFileEx.Call(handle, lockExclusive|lockFailImmediately, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
		if done == 0 {
			locked = failure
		}
	})
	switch {
	case err != nil:
		return false, err
	case errors.Is(locked, errorLockViolation), errors.Is(locked, syscall.ERROR_IO_PENDING):
		return false, nil
	}
	return locked == nil, locked
}
