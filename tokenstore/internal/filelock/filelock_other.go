//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package filelock

import (
	"errors"
	"os"
)

// TryLock returns [errors.ErrUnsupported].
func TryLock(*os.File) (bool, error) { return false, errors.ErrUnsupported }

// Unlock returns [errors.ErrUnsupported].
func Unlock(*os.File) error { return errors.ErrUnsupported }
