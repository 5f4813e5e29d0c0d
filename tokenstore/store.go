package tokenstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/secret"
)

// unlockTime is how long unlock waits for a backend. A lock that is not released ends by itself.
const unlockTime = 2 * time.Second

// A Store seals what a [Backend] keeps. It is made by [New], and safe for concurrent use.
//
// Programs pass it to aztoken.Options. Its methods are for aztoken's client, which decides what a
// payload holds, and for `aztoken doctor`.
//
// Every method returns when its context ends, whatever the backend does.
type Store struct {
	backend Backend
	dir     local                 // backend, if it is a Dir; nil for any other
	keys    secret.Value[keyring] // empty where the directory has a key of its own
	calls   calls
}

// local is what a [Store] knows of a [Dir]. It is an interface, so that a program without a Dir
// links none of its code.
type local interface {
	Backend
	// problem returns why there cannot be such a directory.
	problem() error
	// keyed returns a copy whose key lies in the directory, or elsewhere.
	keyed(own bool) local
	// ownKey returns the key that lies in the directory.
	ownKey(ctx context.Context, create bool) ([]byte, error)
	// place is where a blob belongs, beside its name.
	place() string
	// inspect is Inspect; the ring opens the entries.
	inspect(ctx context.Context, openers func() (keyring, error)) (Inspection, error)
}

// New returns a Store on b. The first key seals and all of them open, so that a key can be replaced
// without a gap: first everywhere [old, new], then everywhere [new, old], and [new] a day later. A
// key has 32 random bytes.
//
// Without keys, a [Dir] makes a key of its own and keeps it beside the entries. That keeps tokens
// out of search indexes and of copies of single files. It does not protect from anyone who can read
// the directory, and so its backups. Any other backend needs a key.
//
// New does not call b: a program starts although its store does not work.
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
	return &Store{backend: b, dir: d, keys: secret.New(ring), calls: make(calls, maxCalls)}, nil
}

// Shared reports whether other machines may use the same entries: every backend but [Dir] itself
// counts as shared.
func (s *Store) Shared() bool { return s.dir == nil }

// Locks reports whether the backend is a [Locker].
func (s *Store) Locks() bool {
	_, ok := s.backend.(Locker)
	return ok
}

// Load returns the payloads that are kept for e: one for each key of the list under which there is
// an entry, as programs with another first key save under another name. The caller picks the best.
//
// The error wraps [ErrNotFound] if there is no entry at all, and [ErrUnreadable] if there is one
// that does not open. Every other error means that the backend does not work now. Payloads that
// were found are returned beside an error.
func (s *Store) Load(ctx context.Context, e Entry) ([][]byte, error) {
	return call(ctx, s.calls, func() ([][]byte, error) { return s.load(ctx, e) }, nil)
}

func (s *Store) load(ctx context.Context, e Entry) (payloads [][]byte, err error) {
	ring, err := s.ring(ctx, false)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, k := range ring {
		payload, err := s.loadNamed(ctx, ring, k.nameOf(e))
		switch {
		case err == nil:
			payloads = append(payloads, payload)
		case !errors.Is(err, ErrNotFound):
			failures = append(failures, err)
		}
	}
	if len(payloads) == 0 && len(failures) == 0 {
		return nil, ErrNotFound
	}
	return payloads, worst(failures)
}

// worst returns the failure to report: a backend that does not work before an entry that is
// unreadable.
func worst(failures []error) error {
	var unreadable error
	for _, err := range failures {
		if !errors.Is(err, ErrUnreadable) {
			return err
		}
		unreadable = err
	}
	return unreadable
}

// loadNamed returns the payload of one name.
func (s *Store) loadNamed(ctx context.Context, ring keyring, name string) (payload []byte, err error) {
	var blob []byte
	if exit := s.contain(func() { blob, err = s.backend.Load(ctx, name) }); exit != nil {
		return nil, backendError(exit)
	}
	if err != nil {
		return nil, err
	}
	return ring.open(name, s.place(), blob)
}

// Save keeps payload for e until expires, in place of what was there. What has ended already is not
// saved.
func (s *Store) Save(ctx context.Context, e Entry, payload []byte, expires time.Time) error {
	if !expires.After(time.Now()) {
		return nil
	}
	payload = bytes.Clone(payload) // the call may outlast the caller
	_, err := call(ctx, s.calls, func() (struct{}, error) { return struct{}{}, s.save(ctx, e, payload, expires) }, nil)
	return err
}

func (s *Store) save(ctx context.Context, e Entry, payload []byte, expires time.Time) (err error) {
	ring, err := s.ring(ctx, true)
	if err != nil {
		return err
	}
	name := ring[0].nameOf(e)
	blob, err := ring[0].seal(name, s.place(), payload)
	if err != nil {
		return err
	}
	if exit := s.contain(func() { err = s.backend.Save(ctx, name, blob, expires) }); exit != nil {
		return backendError(exit)
	}
	return err
}

// Lock tries to take the lock of e, as [Locker] says, and does not wait for it. Its error means
// that locking does not work now, or wraps [errors.ErrUnsupported] if the backend is not a Locker:
// the caller goes on without it. unlock waits for the backend for two seconds at most.
func (s *Store) Lock(ctx context.Context, e Entry, ttl time.Duration) (unlock func(), ok bool, err error) {
	locker, can := s.backend.(Locker)
	if !can {
		return nil, false, fmt.Errorf("tokenstore: the backend has no locks: %w", errors.ErrUnsupported)
	}
	held, err := call(ctx, s.calls, func() (lease, error) { return s.lock(ctx, locker, e, ttl) }, func(l lease) {
		if l.ok {
			_ = s.contain(l.unlock)
		}
	})
	if err != nil || !held.ok {
		return nil, false, err
	}
	return sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), unlockTime)
		defer cancel()
		_, _ = call(ctx, s.calls, func() (struct{}, error) { return struct{}{}, s.contain(held.unlock) }, nil)
	}), true, nil
}

// lease is what Locker.Lock returned.
type lease struct {
	unlock func()
	ok     bool
}

func (s *Store) lock(ctx context.Context, locker Locker, e Entry, ttl time.Duration) (l lease, err error) {
	ring, err := s.ring(ctx, true)
	if err != nil {
		return lease{}, err
	}
	name := ring[0].nameOf(e)
	if exit := s.contain(func() { l.unlock, l.ok, err = locker.Lock(ctx, name, ttl) }); exit != nil {
		return lease{}, backendError(exit)
	}
	return l, err
}

// ring returns the keys: those of New, or the directory's own. create makes that if there is none.
func (s *Store) ring(ctx context.Context, create bool) (keyring, error) {
	if ring := s.keys.Reveal(); len(ring) > 0 {
		return ring, nil
	}
	user, err := s.dir.ownKey(ctx, create)
	if err != nil {
		return nil, err
	}
	return newKeyring([][]byte{user})
}

// place is where a blob belongs, beside its name.
func (s *Store) place() string {
	if s.dir == nil {
		return "shared"
	}
	return s.dir.place()
}

// contain runs a call of the backend, which may be the user's and panic.
func (s *Store) contain(f func()) error {
	if s.dir != nil {
		f()
		return nil
	}
	return guard.Run(f)
}

// backendError is the error of a backend that panicked or ended its goroutine.
func backendError(err error) error { return fmt.Errorf("tokenstore: the backend: %w", err) }
