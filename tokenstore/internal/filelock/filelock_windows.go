package filelock

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

// TryLock takes the lock of an open file. ok reports whether it was free.
func TryLock(file *os.File) (ok bool, err error) {
	lockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	err = control(file, func(handle uintptr) (uintptr, uintptr, error) {
		var first syscall.Overlapped // the range begins with the first byte
		return lockFileEx.Call(handle, lockExclusive|lockFailImmediately, 0, 1, 0, uintptr(unsafe.Pointer(&first)))
	})
	if errors.Is(err, errorLockViolation) || errors.Is(err, syscall.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

// Unlock releases the lock of an open file. After closing it alone, Windows does that some time
// later.
func Unlock(file *os.File) error {
	unlockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("UnlockFileEx")
	return control(file, func(handle uintptr) (uintptr, uintptr, error) {
		var first syscall.Overlapped
		return unlockFileEx.Call(handle, 0, 1, 0, uintptr(unsafe.Pointer(&first)))
	})
}

// control calls a function of Windows with the handle of file. The function returns 0 if it failed.
func control(file *os.File, f func(handle uintptr) (uintptr, uintptr, error)) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(handle uintptr) {
		if done, _, errno := f(handle); done == 0 {
			failure = errno
		}
	})
	return errors.Join(err, failure)
}
