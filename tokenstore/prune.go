package tokenstore

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"time"
)

const (
	entrySuffix = ".entry"

	// afterEnd is how long an entry is kept after its end. A clock that is set forward by hours,
	// and back again, must not lose entries that are still valid.
	afterEnd = 24 * time.Hour

	// unknownLife is how long a file without a readable expiry is kept: the life of a token and
	// afterEnd.
	unknownLife = 48 * time.Hour

	// writing is how long writing a file may take. A temporary file that is older was left behind
	// by a process that died.
	writing = time.Hour
)

// kind is what a file of a directory is, by its name.
type kind int

const (
	foreign kind = iota // not this package's, and never removed
	entryFile
	lockFile
	temporaryFile
)

// kindOf returns what the file name is.
func kindOf(name string) kind {
	stem, suffix, _ := strings.Cut(name, ".")
	switch {
	case strings.HasPrefix(name, temporaryPrefix):
		return temporaryFile
	case "."+suffix == entrySuffix && fileName(stem):
		return entryFile
	case "."+suffix == lockSuffix && fileName(stem):
		return lockFile
	}
	return foreign
}

// outlived reports whether a file is no longer of use. expires is zero for what is not an entry or
// cannot be read.
func outlived(k kind, expires, modified, now time.Time) bool {
	switch k {
	case entryFile:
		if expires.IsZero() {
			return now.Sub(modified) > unknownLife
		}
		return now.Sub(expires) > afterEnd
	case lockFile:
		return now.Sub(modified) > unknownLife
	case temporaryFile:
		return now.Sub(modified) > writing
	}
	return false
}

// prune removes the files that have no more use. It tries again next time if it cannot remove one.
func (h *home) prune(now time.Time) {
	_ = h.each(func(f fs.FileInfo) {
		k := kindOf(f.Name())
		var expires time.Time
		if k == entryFile {
			expires = h.expiry(f.Name())
		}
		switch {
		case !outlived(k, expires, f.ModTime(), now):
		case k == lockFile:
			h.removeLock(f.Name())
		default:
			_ = h.root.Remove(f.Name())
		}
	})
}

// each calls f for the files in the directory, a few hundred of which are in memory at a time.
func (h *home) each(f func(fs.FileInfo)) error {
	listing, err := h.root.Open(".")
	if err != nil {
		return h.failed(err)
	}
	defer listing.Close()
	for {
		files, err := listing.Readdir(256)
		for _, file := range files {
			f(file)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return h.failed(err)
		}
	}
}

// expiry returns when the entry in the file name ends, zero if the file does not tell.
func (h *home) expiry(name string) time.Time {
	content, err := h.read(name, frameSize+MaxBlob)
	if err != nil {
		return time.Time{}
	}
	expires, _, err := unframe(content)
	if err != nil {
		return time.Time{}
	}
	return expires
}

// removeLock removes a lock file while it holds the lock, unless another holds it.
func (h *home) removeLock(name string) {
	file, err := h.lock(name)
	if err != nil || file == nil {
		return
	}
	_ = h.root.Remove(name)
	release(file)
}
