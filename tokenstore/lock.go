package tokenstore

import (
	"os"
)

const lockSuffix = ".lock"

// lock tries to lock the file name, which is only for that: on Windows a locked file cannot be read. It returns nil if
// somebody else has the lock. Whoever closes the file ends it.
//
// A lock file may be removed by someone who holds its lock. Who opened it before then locks a file that nobody else will
// find, so after locking the name must still lead to that file.
func (h *home) lock(name string) (*os.File, error) {
	for range 3 { // each time somebody removed it in between
		file, err := h.root.OpenFile(name, os.O_RDWR|os.O_CREATE|nonblock, 0o600)
		if err != nil {
			return nil, h.failed(err)
		}
		ok, err := tryLock(file)
		if err == nil && ok && h.leadsTo(name, file) {
			return file, nil
		}
		file.Close()
		if err != nil {
			return nil, h.failed(err)
		}
		if !ok {
			return nil, nil
		}
	}
	return nil, nil
}

// leadsTo reports whether name is that of the opened file.
func (h *home) leadsTo(name string, file *os.File) bool {
	named, err := h.root.Lstat(name)
	if err != nil {
		return false
	}
	opened, err := file.Stat()
	return err == nil && os.SameFile(named, opened)
}
