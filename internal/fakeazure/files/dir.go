// Package files writes what programs read from files: certificates, federated tokens, Azure Arc's
// keys. What it wrote it also removes.
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

// Write makes or replaces a file, at once for whoever reads it, and returns its path.
func (d *Dir) Write(name string, content []byte) (path string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the file %s: %w", name, err)
		}
	}()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return "", ErrClosed
	}
	if d.path == "" {
		if d.path, err = os.MkdirTemp("", "imdstest-"); err != nil {
			return "", err
		}
	}
	path = filepath.Join(d.path, name)
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return "", err
	}
	return path, os.Rename(path+".new", path)
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
