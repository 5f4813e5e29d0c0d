package tokenstore

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"syscall"
)

// nonblock is 0: a directory of Windows holds no FIFO.
const nonblock = 0

// errorSharingViolation is the error for a file that another process has open without
// FILE_SHARE_DELETE.
const errorSharingViolation = syscall.Errno(32)

// homeName is the name of the user's directory: the security identifier, as names of users repeat
// between domains.
func homeName() (string, error) {
	self, err := user.Current()
	if err != nil {
		return "", err
	}
	return "aztoken-" + self.Uid, nil
}

// rightsOf reports that rights are not known: Windows has access control lists in place of modes.
func rightsOf(fs.FileInfo) (rights, bool) { return rights{}, false }

// syncDir does nothing: NTFS has a journal of names, and no handle to flush it by.
func syncDir(*os.Root) error { return nil }

// passes reports whether a rename that failed with err is worth another try: a scanner or an
// indexer has the file open.
func passes(err error) bool {
	return errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, errorSharingViolation)
}
