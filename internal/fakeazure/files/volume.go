package files

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Project puts a file into a volume as the kubelet does, and returns its path: programs open a link
// into ..data, which is itself a link that is swapped atomically for one to a new directory. On
// Windows it is a plain file, which is replaced. A file whose content is nil is missing from the
// volume, and its path leads nowhere.
func (d *Dir) Project(volume, name string, content []byte) (path string, err error) {
	defer named(name, &err)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.make(); err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" { // where few users may create links
		return d.plain(volume, name, content)
	}
	root := filepath.Join(d.path, volume)
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", err
	}
	next, err := os.MkdirTemp(root, time.Now().UTC().Format("..2006_01_02_15_04_05."))
	if err != nil {
		return "", err
	}
	if content != nil {
		if err := os.WriteFile(filepath.Join(next, name), content, 0o600); err != nil {
			return "", err
		}
	}
	before, _ := os.Readlink(filepath.Join(root, "..data"))
	if err := link(filepath.Base(next), filepath.Join(root, "..data")); err != nil {
		return "", err
	}
	path = filepath.Join(root, name)
	if err := os.Symlink(filepath.Join("..data", name), path); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	if before != "" {
		return path, os.RemoveAll(filepath.Join(root, before))
	}
	return path, nil
}

// plain puts a file into a volume without links. The mutex is held.
func (d *Dir) plain(volume, name string, content []byte) (path string, err error) {
	path = filepath.Join(d.path, volume, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if content == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		return path, nil
	}
	return path, replace(path, content)
}

// link makes a link at path, in place of one that is there.
func link(target, path string) error {
	if err := os.Symlink(target, path+"_tmp"); err != nil {
		return err
	}
	return os.Rename(path+"_tmp", path)
}
