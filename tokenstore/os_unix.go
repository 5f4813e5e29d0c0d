//go:build unix

package tokenstore

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// nonblock opens a FIFO without waiting for a writer.
const nonblock = syscall.O_NONBLOCK

// homeName is the name of the user's directory.
func homeName() (string, error) { return "aztoken-" + strconv.Itoa(os.Geteuid()), nil }

// rightsOf returns the owner and mode of a file.
func rightsOf(info fs.FileInfo) (r rights, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return rights{}, false
	}
	return rights{owner: int(stat.Uid), self: os.Geteuid(), mode: info.Mode()}, true
}

// syncDir returns when the disk has the names in the directory.
func syncDir(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err // the others are of file systems that cannot
	}
	return nil
}

// passes reports whether a rename that failed with err is worth another try.
func passes(error) bool { return false }
