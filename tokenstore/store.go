package tokenstore

import (
	"context"
	"errors"
	"time"

	"github.com/seed-ac726066/aztoken/internal/secret"
)

// A Store seals what a [Backend] keeps. It is made by [New], and safe for concurrent use.
//
// Programs pass it to aztoken.Options. Its methods are for aztoken's client, which decides what a
// payload holds, and for `aztoken doctor`.
//
// Every method returns when its context ends, even if the backend does not.
type Store struct {
	entries entries // nil in the zero Store, which does not work
}

// entries does the work of the methods of [Store]. It is an interface that only [New] fills, so
// that a program without a store links neither this code nor that of its ciphers.
type entries interface {
	shared() bool
	locks() bool
	load(ctx context.Context, e Entry) ([][]byte, error)
	save(ctx context.Context, e Entry, payload []byte, expires time.Time) error
	lock(ctx context.Context, e Entry, ttl time.Duration) (unlock func(), ok bool, err error)
	inspect(ctx context.Context) (Inspection, error)
}

var errNotMade = errors.New("tokenstore: the zero Store has no backend; make one with New")

// New returns a Store on b. The first key seals and all of them open, so that a key can be replaced
// without a gap: first everywhere [old, new], then everywhere [new, old], and [new] a day later. A
// key has 32 random bytes.
//
// Without keys, a [Dir] makes its own key and keeps it next to the entries. That keeps tokens out
// of search indexes and copies of single files. It does not protect against anyone who can read the
// directory or its backups. Any other backend needs a key.
//
// New does not call b, so a program starts even if its store does not work.
func New(b Backend, keys ...[]byte) (*Store, error) {
	if b == nil {
		return nil, errors.New("tokenstore: the Backend is nil")
	}
	d, _ := b.(local)
	if d != nil && d.problem() != nil {
		return nil, d.problem()
	}
	if d == nil && len(keys) == 0 {
		return nil, errors.New("tokenstore: a shared backend needs a key: pass the same 32 random bytes in every program that shares it")
	}
	ring, err := newKeyring(keys)
	if err != nil {
		return nil, err
	}
	if d != nil { // a copy, as the same Dir may be given to another New
		d = d.keyed(len(keys) == 0)
		b = d
	}
	return &Store{&sealedBackend{backend: b, dir: d, keys: secret.New(ring), calls: make(calls, maxCalls)}}, nil
}

// Shared reports whether other machines may use the same entries: every backend but [Dir] itself
// counts as shared.
func (s *Store) Shared() bool { return s.entries == nil || s.entries.shared() }

// Locks reports whether the backend is a [Locker].
func (s *Store) Locks() bool { return s.entries != nil && s.entries.locks() }

// Load returns the payloads that are kept for e: one for each key of the list under which there is
// an entry, because programs with another first key save under another name. The caller picks the
// best.
//
// The error wraps [ErrNotFound] if there is no entry at all, and [ErrUnreadable] if there is one
// that cannot be opened. Every other error means that the backend does not work now. Load returns
// the payloads that it found along with an error.
func (s *Store) Load(ctx context.Context, e Entry) ([][]byte, error) {
	if s.entries == nil {
		return nil, errNotMade
	}
	return s.entries.load(ctx, e)
}

// Save keeps payload for e until expires, in place of what was there. It does not save what has
// already expired.
func (s *Store) Save(ctx context.Context, e Entry, payload []byte, expires time.Time) error {
	if s.entries == nil {
		return errNotMade
	}
	return s.entries.save(ctx, e, payload, expires)
}

// Lock tries to take the lock of e, as [Locker] describes, and does not wait for it. Its error
// means that locking does not work now, or wraps [errors.ErrUnsupported] if the backend is not a
// Locker; the caller then continues without the lock. unlock waits for the backend for two seconds
// at most.
func (s *Store) Lock(ctx context.Context, e Entry, ttl time.Duration) (unlock func(), ok bool, err error) {
	if s.entries == nil {
		return nil, false, errNotMade
	}
	return s.entries.lock(ctx, e, ttl)
}
