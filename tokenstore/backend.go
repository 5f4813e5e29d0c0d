package tokenstore

import (
	"context"
	"errors"
	"time"
)

// MaxBlob is the size of the largest blob. A token is rarely larger than 4 KiB; a larger value than
// MaxBlob is not an entry, and a Backend should not read all of it.
const MaxBlob = 64 << 10

var (
	// ErrNotFound means that there is no such entry.
	ErrNotFound = errors.New("tokenstore: no such entry")

	// ErrUnreadable means that an entry exists but cannot be opened: it is damaged, too large,
	// sealed with a key that the Store does not have, or copied from another name or machine. The
	// next save replaces it.
	ErrUnreadable = errors.New("tokenstore: the entry cannot be opened; the next save replaces it")
)

// A Backend keeps sealed blobs by key. It sees no secrets. Its methods are called by several
// goroutines at once.
//
// Keys are lower-case hex. A Backend should return soon after ctx ends. A [Store] does not wait for
// one that does not, and has only a few such calls under way.
type Backend interface {
	// Load returns the blob of key, an error that wraps [ErrNotFound] if there is none, or one that
	// wraps [ErrUnreadable] if what it holds cannot be a blob. Every other error means that the
	// backend does not work now.
	Load(ctx context.Context, key string) ([]byte, error)

	// Save stores blob in place of what key holds. A concurrent Load returns the old blob or the
	// new one. The backend may drop the entry after expires.
	Save(ctx context.Context, key string, blob []byte, expires time.Time) error
}

// A Locker is a [Backend] that has locks too, so that one of the clients that share it asks for a
// token and the others wait. The lock only saves requests: a client that cannot lock continues
// without it.
type Locker interface {
	// Lock tries to take the lock of key and does not wait for it. ok reports whether it was taken.
	// The lock then ends after ttl, or when unlock is called, or with the process if the backend
	// notices that. unlock may be called more than once.
	Lock(ctx context.Context, key string, ttl time.Duration) (unlock func(), ok bool, err error)
}
