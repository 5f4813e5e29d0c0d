package verify

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

// keyring holds the last good keys and keeps them fresh:
//
//	            every hour; after a failure 1 s to 1 min
//	Entra ──────────────────────────────────────────────▶ current ──▶ find, lock-free
//	            a key that is not known: once in 5 min       │
//	                                                      key file
//
// One goroutine does all fetching. It starts when the first key is wanted and ends with close.
type keyring struct {
	source *source
	file   keyFile
	report func(Event)

	current atomic.Pointer[keySet]

	start   sync.Once
	wake    chan struct{} // the time of the next fetch has changed
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup

	closed   atomic.Bool // set under mu
	mu       sync.Mutex
	progress progress
	due      time.Time
	round    chan struct{} // closed at the end of the fetch that is under way, or of the next
	lastErr  error         // of the last fetch
}

func newKeyring(s *source, file keyFile, report func(Event)) *keyring {
	r := &keyring{source: s, file: file, report: report, wake: make(chan struct{}, 1), round: make(chan struct{})}
	r.life, r.end = context.WithCancel(context.Background())
	return r
}

// holds says whether kid is still the id of key, which may still serve.
func (r *keyring) holds(kid string, key *signingKey, now time.Time) bool {
	set := r.current.Load()
	return set != nil && set.keys[kid] == key && usable(set.fetched, now)
}

func (r *keyring) lookup(kid string, now time.Time) *signingKey {
	if set := r.current.Load(); set != nil && usable(set.fetched, now) {
		return set.keys[kid]
	}
	return nil
}

// find gives the key of kid. Only where it is not known, and Entra has not been asked lately, does the caller wait for Entra to be
// asked, which all such callers share. The error is an [*Error] or ErrClosed.
func (r *keyring) find(ctx context.Context, kid string) (*signingKey, error) {
	if err := r.begin(); err != nil {
		return nil, err
	}
	if key := r.lookup(kid, time.Now()); key != nil {
		return key, nil
	}
	if err := r.await(ctx, r.search()); err != nil {
		return nil, err
	}
	if key := r.lookup(kid, time.Now()); key != nil {
		return key, nil
	}
	if err := r.unavailable(); err != nil {
		return nil, err
	}
	return nil, &Error{sentinel: ErrSignature, Found: "key " + quoted(kid), Wanted: "one that Entra ID publishes"}
}

// warm waits until there are keys, or a fetch has failed.
func (r *keyring) warm(ctx context.Context) error {
	if err := r.begin(); err != nil {
		return err
	}
	if set := r.current.Load(); set != nil && usable(set.fetched, time.Now()) {
		return nil
	}
	if err := r.await(ctx, r.soon()); err != nil {
		return err
	}
	if err := r.unavailable(); err != nil {
		return err
	}
	return nil
}

// search asks for a fetch on behalf of a key that is not known, and gives its end to wait for; nil if none is to come soon.
func (r *keyring) search() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.wanted = r.current.Load() != nil
	if due := r.progress.next(1); due.Before(r.due) {
		r.due = due
		select {
		case r.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
	return r.soonLocked()
}

func (r *keyring) soon() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.soonLocked()
}

// soonLocked is the end of the fetch that is under way or due, nil if there is none.
func (r *keyring) soonLocked() <-chan struct{} {
	if until(time.Now(), r.due) > 0 {
		return nil
	}
	return r.round
}

func (r *keyring) await(ctx context.Context, round <-chan struct{}) error {
	if round == nil {
		return nil
	}
	select {
	case <-round:
		return nil
	case <-r.life.Done():
		return ErrClosed
	case <-ctx.Done():
		return &Error{sentinel: ErrKeysUnavailable, cause: ctx.Err(), RetryAfter: firstBackoff}
	}
}

// unavailable is the error of a caller who needs a key that cannot be had now: there are none, or Entra could not be asked for
// newer ones. nil means that Entra was asked and has no other keys.
func (r *keyring) unavailable() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if set := r.current.Load(); r.lastErr == nil && set != nil && usable(set.fetched, time.Now()) {
		return nil
	}
	return &Error{sentinel: ErrKeysUnavailable, cause: r.lastErr, RetryAfter: max(firstBackoff, until(time.Now(), r.due))}
}

// begin reads the key file and starts the fetching, the first time that it is called.
func (r *keyring) begin() error {
	if r.closed.Load() {
		return ErrClosed
	}
	r.start.Do(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.closed.Load() {
			return
		}
		if set := r.file.load(time.Now()); set != nil {
			r.current.Store(set)
			r.progress.fetched = set.fetched
			r.due = r.progress.next(rand.Float64())
		}
		r.running.Go(r.run)
	})
	return nil
}

// close ends the fetching and waits for it.
func (r *keyring) close() {
	r.mu.Lock()
	r.closed.Store(true)
	r.mu.Unlock()
	r.end()
	r.running.Wait()
	r.source.close()
}

func (r *keyring) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r.mu.Lock()
		timer.Reset(min(until(time.Now(), r.due), refreshEvery)) // the keys of a file have no other time than the wall clock's
		r.mu.Unlock()
		select {
		case <-r.life.Done():
			return
		case <-r.wake:
		case <-timer.C:
			r.refresh()
		}
	}
}

// refresh fetches the keys once.
func (r *keyring) refresh() {
	set, err := r.fetch()
	if r.closed.Load() {
		return
	}
	now := time.Now()
	if err == nil {
		r.current.Store(set)
	}
	r.mu.Lock()
	r.progress = r.progress.after(err, now)
	r.lastErr = err
	r.due = r.progress.next(rand.Float64())
	close(r.round)
	r.round = make(chan struct{})
	r.mu.Unlock()
	if err != nil {
		r.report(Event{Kind: EventKeysFailed, Time: now.Round(0), Err: err})
		return
	}
	r.report(Event{Kind: EventKeysFetched, Time: now.Round(0), Keys: len(set.keys)})
	if err := r.file.save(set); err != nil {
		r.report(Event{Kind: EventKeyFileFailed, Time: now.Round(0), Err: err})
	}
}

var errClient = errors.New("the HTTP client panicked or ended its goroutine")

// fetch gets the keys from Entra. A panic in the caller's HTTP client is an error: it would end the program.
func (r *keyring) fetch() (*keySet, error) {
	var jwks []byte
	err := errClient
	_ = guard.Run(func() { jwks, err = r.source.fetch(r.life) })
	if err != nil {
		return nil, err
	}
	// Without its monotonic reading, which stands still while a machine sleeps: keys must not serve a day longer for that.
	return readKeys(jwks, time.Now().Round(0), r.current.Load())
}
