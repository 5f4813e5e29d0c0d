package imdstest

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// files is a server's directory for what programs read from files. It is made with the first file.
type files struct {
	mu     sync.Mutex
	dir    string
	closed bool
}

// write makes or replaces a file, at once for whoever reads it, and returns its name.
func (f *files) write(name string, content []byte) string {
	path, err := f.replace(name, content)
	if err != nil {
		panic(fmt.Sprintf("imdstest: writing the file %s: %v", name, err))
	}
	return path
}

func (f *files) replace(name string, content []byte) (path string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return "", errClosed
	}
	if f.dir == "" {
		if f.dir, err = os.MkdirTemp("", "imdstest-"); err != nil {
			return "", err
		}
	}
	path = filepath.Join(f.dir, name)
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return "", err
	}
	return path, os.Rename(path+".new", path)
}

// close removes all of it.
func (f *files) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.dir != "" {
		_ = os.RemoveAll(f.dir)
	}
}
