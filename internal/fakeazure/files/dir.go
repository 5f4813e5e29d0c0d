// Package files writes what programs read from files: certificates, federated tokens, Azure Arc's
// keys. It also removes what it wrote.
package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// ErrClosed means that the files were removed already.
var ErrClosed = errors.New("the server is closed")

// Dir is a directory for temporary files, which is made with the first of them.
type Dir struct {
	mu     sync.Mutex // guards what follows, and the files
	path   string
	closed bool
}

// Write creates or replaces a file atomically and returns its path.
func (d *Dir) Write(name string, content []byte) (path string, err error) {
	defer named(name, &err)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.make(); err != nil {
		return "", err
	}
	path = filepath.Join(d.path, name)
	return path, replace(path, content)
}

// replace creates or replaces a file atomically.
func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// named adds the file's name to an error.
func named(file string, err *error) {
	if *err != nil {
		*err = fmt.Errorf("writing the file %s: %w", file, *err)
	}
}

// make makes the directory, unless it is there. The mutex is held.
func (d *Dir) make() (err error) {
	if d.closed {
		return ErrClosed
	}
	if d.path == "" {
		d.path, err = os.MkdirTemp("", "imdstest-")
	}
	return err
}

// Close removes the directory with all that is in it.
func (d *Dir) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.path != "" {
		_ = os.RemoveAll(d.path)
	}
}
