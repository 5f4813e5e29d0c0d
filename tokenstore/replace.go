package tokenstore

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"
)

const (
	temporaryPrefix = "tmp-"

	// passing is how long a rename is retried: a virus scanner keeps a new file open for some
	// tenths of a second.
	passing = time.Second
)

// replace replaces the content of the file name, so that it survives a power failure. If it fails,
// the old content stays.
func (h *home) replace(ctx context.Context, name string, content []byte) error {
	temporary := temporaryPrefix + rand.Text()
	if err := h.write(temporary, content); err != nil {
		_ = h.root.Remove(temporary)
		return h.failed(err)
	}
	err := persist(ctx, passing, func() error { return h.root.Rename(temporary, name) }, passes)
	if err != nil {
		_ = h.root.Remove(temporary)
		return h.failed(err)
	}
	if err := syncDir(h.root); err != nil {
		return h.failed(err)
	}
	return nil
}

// write makes the file name with content, and returns when the disk has it.
func (h *home) write(name string, content []byte) (err error) {
	file, err := h.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	// Some file systems report only here that they are full.
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err = file.Write(content); err != nil {
		return err
	}
	return file.Sync()
}

// persist repeats op while it fails with an error that passes, for at most limit.
func persist(ctx context.Context, limit time.Duration, op func() error, passes func(error) bool) error {
	giveUp := time.Now().Add(limit)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		err := op()
		if err == nil || !passes(err) || !time.Now().Before(giveUp) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}
