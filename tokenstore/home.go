package tokenstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// home is the directory of one user, opened. Everything in it is accessed through an os.Root, which
// does not follow links out of it.
type home struct {
	root *os.Root
	path string
}

var (
	errNotOwn     = errors.New("it is not a directory")
	errNotRegular = fmt.Errorf("%w: it is not a regular file", ErrUnreadable)
)

// openHome opens the user's directory below path. create makes what is missing; without, that is
// [ErrNotFound].
func openHome(path string, ownKeyed, create bool) (*home, error) {
	if create {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("tokenstore: %w", err)
		}
	}
	parent, err := os.OpenRoot(path)
	if err != nil {
		return nil, missing(path, err)
	}
	defer parent.Close()
	name, err := homeName()
	if err != nil {
		return nil, fmt.Errorf("tokenstore: no user to make a directory for: %w", err)
	}
	h := &home{path: filepath.Join(path, name)}
	h.root, err = openOwn(parent, name, ownKeyed)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err := makeOwn(parent, name); err != nil {
			return nil, fmt.Errorf("tokenstore: %s: %w", path, err)
		}
		h.root, err = openOwn(parent, name, ownKeyed)
	}
	if err != nil {
		return nil, missing(h.path, err)
	}
	return h, nil
}

// makeOwn makes the directory name in parent, where another process may be making it too.
func makeOwn(parent *os.Root, name string) error {
	if err := parent.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// openOwn opens the directory name in parent if only the user has rights in it. Others may be able
// to write in parent.
func openOwn(parent *os.Root, name string, ownKeyed bool) (root *os.Root, err error) {
	seen, err := parent.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case !seen.IsDir():
		return nil, errNotOwn // for example a link to another directory
	}
	if root, err = parent.OpenRoot(name); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			root.Close()
		}
	}()
	info, err := root.Stat(".")
	switch {
	case err != nil:
		return nil, err
	case !os.SameFile(seen, info):
		return nil, errNotOwn // it has been replaced since
	}
	return root, secure(root, info, ownKeyed)
}

// secure refuses a directory that others could have changed, and removes harmless permissions of
// others.
func secure(root *os.Root, info fs.FileInfo, ownKeyed bool) error {
	rights, known := rightsOf(info)
	if !known {
		return nil
	}
	rights.ownKeyed = ownKeyed
	switch verdict, err := rights.judge(); {
	case err != nil:
		return err
	case verdict == trusted:
		return nil
	}
	if err := root.Chmod(".", 0o700); err != nil {
		return err
	}
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return errors.New("others have rights in it, and the file system does not let them be taken away; mount it with dir_mode=0700,file_mode=0600 and this user's uid")
	}
	return nil
}

// missing returns [ErrNotFound] for an error about something that is not there, and else one that
// names path.
func missing(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return fmt.Errorf("tokenstore: %s: %w", path, err)
}

func (h *home) close() { _ = h.root.Close() }

// read returns the content of the file name, an error that wraps [ErrNotFound] if there is none, or
// one that wraps [ErrUnreadable] if it is not a regular file or is larger than limit.
func (h *home) read(name string, limit int) ([]byte, error) {
	file, err := h.openRegular(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	switch {
	case err != nil:
		return nil, h.failed(err)
	case len(content) > limit:
		return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrUnreadable, limit)
	}
	return content, nil
}

// openRegular opens the file name for reading, if it is a regular file and no link.
func (h *home) openRegular(name string) (*os.File, error) {
	seen, err := h.root.Lstat(name)
	if err != nil {
		return nil, missing(h.path, err)
	}
	if !seen.Mode().IsRegular() {
		return nil, errNotRegular
	}
	// With nonblock this does not hang on a FIFO that has appeared since.
	file, err := h.root.OpenFile(name, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, missing(h.path, err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		err = h.failed(err)
	case !info.Mode().IsRegular():
		err = errNotRegular
	default:
		return file, nil
	}
	file.Close()
	return nil, err
}

// failed adds the directory to an error about a file in it.
func (h *home) failed(err error) error { return fmt.Errorf("tokenstore: %s: %w", h.path, err) }
