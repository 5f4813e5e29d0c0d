package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/tokenstore/internal/machine"
)

// dir is the Backend of [Dir]. It keeps nothing open between calls, so that it finds the current
// directory if that was removed and created again, or mounted over.
type dir struct {
	path     string
	err      error                  // why there cannot be such a directory
	machine  func() machine.Binding // read once, at the first use
	ownKeyed bool                   // the key lies in the directory
}

// Dir returns a [Backend], which is a [Locker] too, that keeps entries in files of this machine.
// Processes of one user may share it, and so may several users: below path, which is created if it
// is missing, each user has a separate directory with mode 0700 and files of mode 0600. Dir refuses
// a directory of another user, or one that everybody can write, and one that its group can write if
// the key is in it; if the key is elsewhere, the group loses that permission. Windows has no modes:
// there the directory has the permissions that it inherits from path.
//
// Entries are bound to the machine, so that an image of its disk does not carry its identity to
// another machine. In a container, which has no machine id, they are not bound, so that a volume
// can move to the next container. Binding prevents accidents; it does not stop a thief.
//
// A save replaces a file atomically and returns when it is on disk. After a save, files that
// expired a day ago are removed. Locks are those of flock and LockFileEx, which end with the
// process. A call does not return before the file system does, which for a network file system may
// be never; a [Store] does not wait for it.
func Dir(path string) Backend {
	d := &dir{machine: sync.OnceValue(machine.This)}
	if path == "" {
		d.err = errors.New("tokenstore: Dir has an empty path")
		return d
	}
	if d.path, d.err = filepath.Abs(path); d.err != nil { // it must mean the same after os.Chdir
		d.err = fmt.Errorf("tokenstore: Dir: %w", d.err)
	}
	return d
}

func (d *dir) problem() error { return d.err }

func (d *dir) keyed(own bool) local {
	c := *d
	c.ownKeyed = own
	return &c
}

// Load implements [Backend].
func (d *dir) Load(ctx context.Context, key string) ([]byte, error) {
	home, err := d.open(ctx, key, false)
	if err != nil {
		return nil, err
	}
	defer home.close()
	content, err := home.read(key+entrySuffix, frameSize+MaxBlob)
	if err != nil {
		return nil, err
	}
	_, blob, err := unframe(content)
	return blob, err
}

// Save implements [Backend].
func (d *dir) Save(ctx context.Context, key string, blob []byte, expires time.Time) error {
	if len(blob) > MaxBlob {
		return fmt.Errorf("tokenstore: a blob of %d bytes is too large: the limit is %d", len(blob), MaxBlob)
	}
	home, err := d.open(ctx, key, true)
	if err != nil {
		return err
	}
	defer home.close()
	if err := home.replace(ctx, key+entrySuffix, frame(expires, blob)); err != nil {
		return err
	}
	home.prune(time.Now())
	return nil
}

// Lock implements [Locker].
func (d *dir) Lock(ctx context.Context, key string, ttl time.Duration) (unlock func(), ok bool, err error) {
	if ttl <= 0 {
		return nil, false, fmt.Errorf("tokenstore: a lock for %s would have ended", ttl)
	}
	home, err := d.open(ctx, key, true)
	if err != nil {
		return nil, false, err
	}
	defer home.close()
	file, err := home.lock(key + lockSuffix)
	if file == nil || err != nil {
		return nil, false, err
	}
	once := sync.OnceFunc(func() { release(file) })
	end := time.AfterFunc(ttl, once)
	return func() {
		end.Stop()
		once()
	}, true, nil
}

// open opens the user's directory for a call that is about key. Without create, one that is missing
// is [ErrNotFound].
func (d *dir) open(ctx context.Context, key string, create bool) (*home, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.err != nil {
		return nil, d.err
	}
	if !fileName(key) {
		return nil, errors.New("tokenstore: Dir takes keys of lower-case letters, digits and hyphens, up to 128 of them")
	}
	return openHome(d.path, d.ownKeyed, create)
}

// fileName reports whether key can be part of a file name everywhere, even if file names ignore
// case.
func fileName(key string) bool {
	return key != "" && len(key) <= 128 && !strings.ContainsFunc(key, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

// ownKey returns the key in the directory. create makes it if there is none; without, that is
// [ErrNotFound].
func (d *dir) ownKey(ctx context.Context, create bool) ([]byte, error) {
	home, err := d.open(ctx, "own", create)
	if err != nil {
		return nil, err
	}
	defer home.close()
	return home.key(ctx, create)
}

// place is what blobs of this directory are bound to.
func (d *dir) place() string {
	if binding := d.machine(); binding.Bound() {
		return "machine " + binding.ID
	}
	return "directory"
}
