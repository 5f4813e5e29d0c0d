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

// tryLock takes the lock of an open file. ok reports whether it was free.
func tryLock(file *os.File) (ok bool, err error) {
	err = lockCall(file, "LockFileEx", lockExclusive|lockFailImmediately)
	if errors.Is(err, errorLockViolation) || errors.Is(err, syscall.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

// unlock releases the lock of an open file, which closing it would do some time later.
func unlock(file *os.File) error { return lockCall(file, "UnlockFileEx") }

// lockCall calls a function of kernel32.dll on the first byte of file. flags are LockFileEx's.
func lockCall(file *os.File, function string, flags ...uintptr) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(handle uintptr) {
		var first syscall.Overlapped
		args := append([]uintptr{handle}, flags...)
		args = append(args, 0, 1, 0, uintptr(unsafe.Pointer(&first)))
		if done, _, errno := syscall.NewLazyDLL("kernel32.dll").NewProc(function).Call(args...); done == 0 {
			failure = errno
		}
	})
	return errors.Join(err, failure)
}
