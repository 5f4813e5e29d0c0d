package tokenstore

import (
	"os"

	"github.com/seed-ac726066/aztoken/tokenstore/internal/filelock"
)

const lockSuffix = ".lock"

// lock tries to lock the file name, which has no other purpose: on Windows a locked file cannot be
// read. It returns nil if another holds the lock. The lock ends by release or with the process.
//
// The holder of a lock may remove its file. A process that opened the file before that then locks a
// file that no other process can find, so the name must still lead to the locked file.
func (h *home) lock(name string) (*os.File, error) {
	for range 3 { // the file was removed in between
		file, err := h.root.OpenFile(name, os.O_RDWR|os.O_CREATE|nonblock, 0o600)
		if err != nil {
			return nil, h.failed(err)
		}
		ok, err := filelock.TryLock(file)
		if err == nil && ok && h.leadsTo(name, file) {
			return file, nil
		}
		release(file)
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

// release ends a lock. Closing the file would not do: a child that is just being started has it
// open too, until it executes its program.
func release(locked *os.File) {
	_ = filelock.Unlock(locked)
	_ = locked.Close()
}
