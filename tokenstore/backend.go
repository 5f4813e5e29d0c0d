package tokenstore

import (
	"context"
	"errors"
	"time"
)

// MaxBlob is the size of the largest blob. A token is seldom larger than 4 KiB; what is larger than MaxBlob is not an
// entry, and a Backend should not read it to its end.
const MaxBlob = 64 << 10

var (
	// ErrNotFound means that there is no entry of that name.
	ErrNotFound = errors.New("tokenstore: no such entry")

	// ErrUnreadable means that an entry is there and cannot be opened: it is damaged, too large, sealed with a key that
	// the Store does not have, or copied from another name or machine. The next save replaces it.
	ErrUnreadable = errors.New("tokenstore: the entry cannot be opened; the next save replaces it")
)

// A Backend keeps sealed blobs by key. It knows no secret. Its methods are called by several goroutines at once.
//
// Keys are lower-case hex. A Backend should return soon after ctx ends; the Store leaves one that does not, and lets only
// a few such calls be under way.
type Backend interface {
	// Load returns the blob of key, an error that wraps [ErrNotFound] if there is none, or one that wraps
	// [ErrUnreadable] if what is there is no blob. Every other error means that the backend does not work now.
	Load(ctx context.Context, key string) ([]byte, error)

	// Save stores blob in place of what key holds. A Load that runs meanwhile returns the old blob or the new one. The
	// backend may drop the entry after expires.
	Save(ctx context.Context, key string, blob []byte, expires time.Time) error
}

// A Locker is a [Backend] that lets one of those who share it go ahead. The lock saves requests and guards nothing: who
// cannot lock goes on without.
type Locker interface {
	// Lock tries to take the lock of key and does not wait for it. ok reports whether it was taken; it then ends after
	// ttl, with the process if the backend can tell, or by unlock. unlock may be called more than once.
	Lock(ctx context.Context, key string, ttl time.Duration) (unlock func(), ok bool, err error)
}
