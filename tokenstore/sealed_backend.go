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

// unlockTime is how long unlock waits for a backend. A lock that is not released expires.
const unlockTime = 2 * time.Second

// sealedBackend is a backend with the keys that seal what it keeps: the entries of a [Store] that
// [New] made.
type sealedBackend struct {
	backend Backend
	dir     local                 // backend, if it is a Dir; nil for any other
	keys    secret.Value[keyring] // empty if the directory has its own key
	calls   calls
}

// local is what a [Store] knows of a [Dir]. It is an interface, so that a program without a Dir
// links none of its code.
type local interface {
	Backend
	// problem returns why there cannot be such a directory.
	problem() error
	// keyed returns a copy whose key is in the directory, or elsewhere.
	keyed(own bool) local
	// ownKey returns the key in the directory.
	ownKey(ctx context.Context, create bool) ([]byte, error)
	// place says where a blob belongs, in addition to its name.
	place() string
	// inspect is Inspect; the ring opens the entries.
	inspect(ctx context.Context, openers func() (keyring, error)) (Inspection, error)
}

func (s *sealedBackend) shared() bool { return s.dir == nil }

func (s *sealedBackend) locks() bool {
	_, ok := s.backend.(Locker)
	return ok
}

func (s *sealedBackend) load(ctx context.Context, e Entry) ([][]byte, error) {
	return call(ctx, s.calls, func() ([][]byte, error) { return s.loadAll(ctx, e) }, nil)
}

// loadAll returns the payloads of e, under the names of all keys.
func (s *sealedBackend) loadAll(ctx context.Context, e Entry) (payloads [][]byte, err error) {
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

// worst returns the failure to report: a backend that does not work comes before an unreadable
// entry.
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
func (s *sealedBackend) loadNamed(ctx context.Context, ring keyring, name string) (payload []byte, err error) {
	var blob []byte
	if exit := s.contain(func() { blob, err = s.backend.Load(ctx, name) }); exit != nil {
		return nil, backendError(exit)
	}
	if err != nil {
		return nil, err
	}
	return ring.open(name, s.place(), blob)
}

func (s *sealedBackend) save(ctx context.Context, e Entry, payload []byte, expires time.Time) error {
	if !expires.After(time.Now()) {
		return nil
	}
	payload = bytes.Clone(payload) // the call may outlast the caller
	_, err := call(ctx, s.calls, func() (struct{}, error) { return struct{}{}, s.put(ctx, e, payload, expires) }, nil)
	return err
}

// put seals payload and passes it to the backend.
func (s *sealedBackend) put(ctx context.Context, e Entry, payload []byte, expires time.Time) (err error) {
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

func (s *sealedBackend) lock(ctx context.Context, e Entry, ttl time.Duration) (unlock func(), ok bool, err error) {
	locker, can := s.backend.(Locker)
	if !can {
		return nil, false, fmt.Errorf("tokenstore: the backend has no locks: %w", errors.ErrUnsupported)
	}
	held, err := call(ctx, s.calls, func() (lease, error) { return s.take(ctx, locker, e, ttl) }, func(l lease) {
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

// take asks the backend for the lock of e.
func (s *sealedBackend) take(ctx context.Context, locker Locker, e Entry, ttl time.Duration) (l lease, err error) {
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

func (s *sealedBackend) inspect(ctx context.Context) (Inspection, error) {
	if s.dir == nil {
		return Inspection{}, errNotLocal
	}
	return call(ctx, s.calls, func() (Inspection, error) {
		return s.dir.inspect(ctx, func() (keyring, error) { return s.ring(ctx, false) })
	}, nil)
}

// ring returns the keys: those of New, or the directory's own. With create it makes the latter if
// there is none.
func (s *sealedBackend) ring(ctx context.Context, create bool) (keyring, error) {
	if ring := s.keys.Reveal(); len(ring) > 0 {
		return ring, nil
	}
	user, err := s.dir.ownKey(ctx, create)
	if err != nil {
		return nil, err
	}
	return newKeyring([][]byte{user})
}

// place says where a blob belongs, in addition to its name.
func (s *sealedBackend) place() string {
	if s.dir == nil {
		return "shared"
	}
	return s.dir.place()
}

// contain runs a call of the backend, which may be user code and may panic.
func (s *sealedBackend) contain(f func()) error {
	if s.dir != nil {
		f()
		return nil
	}
	return guard.Run(f)
}

// backendError is the error of a backend that panicked or ended its goroutine.
func backendError(err error) error { return fmt.Errorf("tokenstore: the backend: %w", err) }
