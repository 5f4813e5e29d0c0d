package tokenstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

const (
	ownKeyFile = "own.key"
	ownKeyLock = ownKeyFile + lockSuffix

	// ownKeyWait is how long a process waits for another one that is making the key. It is one
	// small file, but an fsync on a busy disk may take seconds.
	ownKeyWait = 5 * time.Second
)

var errKeyBusy = errors.New("another process is making the key")

// key returns the key in the directory. create makes it if it is missing or damaged; without, that
// is [ErrNotFound].
//
// If processes start together, one makes the key and the others use it. If files cannot be locked,
// several may make one; the last wins, and entries sealed with another are replaced by the next
// save.
func (h *home) key(ctx context.Context, create bool) ([]byte, error) {
	if !create {
		return h.readKey()
	}
	var key []byte
	err := persist(ctx, ownKeyWait, func() (err error) {
		if key, err = h.readKey(); !errors.Is(err, ErrNotFound) {
			return err
		}
		key, err = h.makeKey(ctx)
		return err
	}, func(err error) bool { return errors.Is(err, errKeyBusy) })
	if err != nil {
		return nil, err
	}
	return key, nil
}

// makeKey makes the key, unless another process has done so in the meantime.
func (h *home) makeKey(ctx context.Context) ([]byte, error) {
	lock, err := h.lock(ownKeyLock)
	switch {
	case err == nil && lock == nil:
		return nil, h.failed(errKeyBusy)
	case err == nil:
		defer release(lock)
	}
	if key, err := h.readKey(); !errors.Is(err, ErrNotFound) {
		return key, err
	}
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // this ends the program rather than fail
	if err := h.replace(ctx, ownKeyFile, key); err != nil {
		return nil, err
	}
	return h.readKey() // another process may have won, where files cannot be locked
}

// readKey returns the key. A damaged one is [ErrNotFound]: nothing can be opened with it.
func (h *home) readKey() ([]byte, error) {
	key, err := h.read(ownKeyFile, KeySize)
	if errors.Is(err, ErrUnreadable) || err == nil && len(key) != KeySize {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	info, err := h.root.Lstat(ownKeyFile)
	if err != nil {
		return nil, h.failed(err)
	}
	if rights, known := rightsOf(info); known && (rights.owner != rights.self || rights.mode.Perm()&0o077 != 0) {
		return nil, h.failed(fmt.Errorf("%s has mode %o and belongs to user %d, so others may know the key; remove it",
			ownKeyFile, rights.mode.Perm(), rights.owner))
	}
	return key, nil
}
