package verify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

const (
	// waitLimit is how long a caller waits for keys at most, whatever its context says: as long as a
	// fetch may take.
	waitLimit = fetchTimeout
	// closeLimit is how long close waits for what does not end with its context.
	closeLimit = 5 * time.Second
)

var (
	errGivenUp = fmt.Errorf("no answer within %v: %w", fetchTimeout, context.DeadlineExceeded)
	errWaited  = fmt.Errorf("no keys within %v: %w", waitLimit, context.DeadlineExceeded)
)

// keyring holds the last good keys of each document and keeps them fresh.
//
//	        every hour; after a failure in 1 s to 1 min
//	Entra ──────────────────────────────────────────────▶ document ──▶ keys ──▶ find, lock-free
//	        unknown key: once in 5 min                     │    ▲
//	        known key missing: in 1 min, then 5 min        ▼    │ while there are no keys
//	                                                      key file
//
// A document is a tenant's, or that of all tenants, and each has a goroutine of its own, which starts
// when the first key is needed and ends with close. See [phase] for its states. A key of a document:
//
//	                    published                      not in the newest answer
//	unknown ──────────────────────────────▶ current ◀──────────────────────────▶ absent
//	   ▲                                       │            in it again             │
//	   └───────────────────────────────────────┴────────────────────────────────────┘
//	     other material under its id, or of no use; no answer of an hour, ten at least, has had it;
//	     24 hours without an answer
//
// What can hang runs in a goroutine of its own, and nothing waits for it without a limit: a fetch is
// given up after ten seconds, and so is the wait of a caller; files and observers delay nobody.
type keyring struct {
	documents []*document
	report    func(Event)
	files     *files
	keys      atomic.Pointer[keySet] // what find reads

	started atomic.Bool
	closed  atomic.Bool // set under the mutex: no goroutine is begun after that
	life    context.Context
	end     context.CancelFunc
	loops   sync.WaitGroup // one for each document; none of them blocks
	calls   sync.WaitGroup // fetches in the user's HTTP client, which may not return

	mu      sync.Mutex    // guards what follows and the documents; no I/O, callback or wait under it
	changed chan struct{} // closed and replaced at each end of a fetch or of reading the file
	loading bool          // the key file is being read, and callers may wait for that
}

// document is a key document of Entra: that of one tenant, or of all.
type document struct {
	*source
	tenant string        // "": all
	wake   chan struct{} // a fetch is due earlier than the timer says

	// What follows is guarded by the mutex of the keyring.
	state   fetchState
	begun   int       // fetches so far
	due     time.Time // of the next fetch
	held    held
	lastErr error // of the newest fetch; nil: it worked
}

func newKeyring(sources map[string]*source, file keyFile, report func(Event)) *keyring {
	r := &keyring{report: report, changed: make(chan struct{})}
	for tenant, s := range sources {
		r.documents = append(r.documents, &document{source: s, tenant: tenant, wake: make(chan struct{}, 1)})
	}
	r.keys.Store(&keySet{})
	r.life, r.end = context.WithCancel(context.Background())
	r.files = newFiles(file, report)
	return r
}

// isCurrent reports whether kid is still the id of key, which may still serve.
func (r *keyring) isCurrent(kid string, key *signingKey, now time.Time) bool {
	return r.known(kid, now) == key
}

// known returns the key of an id that may serve now, nil if there is none.
func (r *keyring) known(kid string, now time.Time) *signingKey { return r.keys.Load().find(kid, now) }

// find returns the key that is said to have signed a token. For an unknown one it waits for a fetch,
// shared by all such callers, unless one was made recently. The error is an [*Error] or ErrClosed.
func (r *keyring) find(ctx context.Context, j jws) (*signingKey, error) {
	if err := r.start(); err != nil {
		return nil, err
	}
	if key := r.known(j.kid, time.Now()); key != nil {
		return key, nil
	}
	documents := r.of(j)
	var key *signingKey
	begun := make(map[*document]int, len(documents)) // fetches, when the caller came
	err := r.await(ctx, documents, func(now time.Time) bool {
		if key = r.known(j.kid, now); key != nil {
			return true
		}
		for _, d := range documents {
			if _, came := begun[d]; !came {
				begun[d] = d.begun
			}
			if d.begun == begun[d] {
				d.want(now)
			}
		}
		return false
	})
	switch {
	case key != nil:
		return key, nil
	case err != nil:
		return nil, err
	}
	if err := r.unavailable(documents); err != nil {
		return nil, err
	}
	return nil, newError(ErrSignature, "key "+quoted(j.kid), "one that Entra ID publishes")
}

// of returns the documents that may have the key of a token.
func (r *keyring) of(j jws) []*document {
	if len(r.documents) == 1 {
		return r.documents
	}
	tenant := j.unverifiedTenant()
	for _, d := range r.documents {
		if d.tenant == tenant {
			return []*document{d}
		}
	}
	return nil // a token of another tenant is not accepted whoever signed it
}

// warm waits until there are keys, or all fetches have failed.
func (r *keyring) warm(ctx context.Context) error {
	if err := r.start(); err != nil {
		return err
	}
	err := r.await(ctx, r.documents, func(now time.Time) bool {
		for _, d := range r.documents {
			if !d.state.usable(now) {
				return false
			}
		}
		return true
	})
	switch {
	case errors.Is(err, ErrClosed):
		return err
	case len(*r.keys.Load()) > 0:
		return nil // a tenant that does not answer spares the others
	case err != nil:
		return err
	}
	if err := r.unavailable(r.documents); err != nil {
		return err
	}
	return nil
}

// await calls done under the mutex until it returns true, first at once and then after each change, as
// long as a change of the documents is to be expected soon. Its error says that the wait was over.
func (r *keyring) await(ctx context.Context, documents []*document, done func(now time.Time) bool) error {
	if ctx == nil {
		ctx = context.Background()
	}
	limit := time.NewTimer(waitLimit)
	defer limit.Stop()
	for {
		r.mu.Lock()
		now := time.Now()
		ended, expected, changed := done(now), r.expected(documents, now), r.changed
		r.mu.Unlock()
		if ended || !expected {
			return nil
		}
		select {
		case <-changed:
		case <-limit.C:
			return unavailable(r.waited(documents), firstBackoff)
		case <-r.life.Done():
			return ErrClosed
		case <-ctx.Done():
			return unavailable(ctx.Err(), firstBackoff)
		}
	}
}

// waited returns the error of a caller who has waited for as long as one may.
func (r *keyring) waited(documents []*document) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range documents {
		if d.lastErr != nil {
			return d.lastErr
		}
	}
	return errWaited
}

// expected reports whether one of the documents may change soon, and sees to it that those that are due
// are fetched. It is called with the mutex held.
func (r *keyring) expected(documents []*document, now time.Time) (soon bool) {
	for _, d := range documents {
		switch {
		case d.state.phase == fetching:
			soon = true
		case until(now, d.due) <= 0:
			soon = true
			d.rouse()
		}
		if r.loading && !d.state.usable(now) {
			soon = true
		}
	}
	return soon
}

// want asks for a fetch for a key that is not there, unless one is under way, or due anyway, for which
// the caller waits first. Only a fetch that begins after the wish can grant it: one under way may have
// been answered before the key was published. It is called with the mutex held.
func (d *document) want(now time.Time) {
	if d.state.phase != waiting || d.state.fetched.IsZero() || until(now, d.due) <= 0 {
		return
	}
	d.state = d.state.want()
	if due := d.state.next(1); due.Before(d.due) {
		d.due = due
	}
}

// rouse makes the document's goroutine look at the time of the next fetch.
func (d *document) rouse() {
	select {
	case d.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// unavailable returns the error of a caller whose key cannot be had now: there are none, or Entra could
// not be asked for newer ones. nil means that Entra was asked and has no other keys.
func (r *keyring) unavailable(documents []*document) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, d := range documents {
		if d.lastErr != nil || !d.state.usable(now) {
			return unavailable(d.lastErr, until(now, d.due))
		}
	}
	return nil
}

// start begins the fetching, and the reading of the key file, the first time that it is called.
func (r *keyring) start() error {
	if r.started.Load() && !r.closed.Load() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed.Load():
		return ErrClosed
	case r.started.Load():
		return nil
	}
	for _, d := range r.documents {
		d.state.phase = waiting
		r.loops.Go(func() { r.run(d) })
	}
	r.load()
	r.started.Store(true)
	return nil
}

// load reads the key file, unless that is under way. It is called with the mutex held.
func (r *keyring) load() {
	if !r.closed.Load() && r.files.load(r.loaded) {
		r.loading = true
	}
}

// loaded takes the keys of the file for the documents that have none, and tells who waits for them.
func (r *keyring) loaded(saved map[string]savedDocument) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.loading = false
	for _, d := range r.documents {
		if s, ok := saved[d.name()]; ok && !d.state.usable(now) {
			d.state, d.held = d.state.load(s.fetched), s.keys
		}
	}
	r.publish(now)
}

// publish makes the keys of all documents those that find reads, and tells who waits for a change. It
// is called with the mutex held.
func (r *keyring) publish(now time.Time) {
	previous, keys := *r.keys.Load(), keySet{}
	for _, d := range r.documents {
		if d.state.usable(now) {
			keys.add(d.held, d.state.fetched.Add(keepFor), previous)
		}
	}
	r.keys.Store(&keys)
	close(r.changed)
	r.changed = make(chan struct{})
}

// close ends the fetching and waits for it, for files and for others, within a limit.
func (r *keyring) close(others *sync.WaitGroup) {
	r.mu.Lock()
	r.closed.Store(true)
	r.mu.Unlock()
	r.end()
	r.loops.Wait()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.calls.Wait()
		r.files.running.Wait()
		others.Wait()
	}()
	limit := time.NewTimer(closeLimit)
	defer limit.Stop()
	select {
	case <-done:
	case <-limit.C:
	}
}

// run fetches the document whenever it is due.
func (r *keyring) run(d *document) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.life.Done():
			return
		case <-d.wake:
		case <-timer.C:
		}
		r.mu.Lock()
		wait := until(time.Now(), d.due)
		if wait <= 0 {
			d.state = d.state.begin()
			d.begun++
		}
		r.mu.Unlock()
		if wait <= 0 {
			r.refresh(d)
			r.mu.Lock()
			wait = until(time.Now(), d.due)
			r.mu.Unlock()
		}
		timer.Reset(min(wait, refreshEvery)) // the wall clock may be set
	}
}

// refresh fetches the document once and takes what comes.
func (r *keyring) refresh(d *document) {
	keys, err := r.fetch(d)
	if r.life.Err() != nil {
		return
	}
	now := time.Now()
	r.mu.Lock()
	event := Event{Kind: EventKeysFetched, Time: now.Round(0), Keys: keys.usable()}
	if err != nil {
		event = Event{Kind: EventKeysFailed, Time: now.Round(0), Err: err}
		d.state = d.state.fail(now)
		if !d.state.usable(now) {
			r.load()
		}
	} else {
		d.held = d.held.after(keys, now)
		d.state = d.state.succeed(now, d.held.lacking())
		if r.files.file != nil && !r.closed.Load() {
			r.files.save(r.saved(now))
		}
	}
	d.lastErr, d.due = err, d.state.next(rand.Float64())
	r.publish(now)
	r.mu.Unlock()
	r.report(event)
}

// saved are the keys of all documents in the form of the file. It is called with the mutex held.
func (r *keyring) saved(now time.Time) (all []savedKeys) {
	for _, d := range r.documents {
		if d.state.usable(now) {
			all = append(all, d.held.saved(d.name(), d.state.fetched))
		}
	}
	return all
}

// fetch gets the keys from Entra. It returns after fetchTimeout even if the user's HTTP client does not,
// and a panic in that is an error: it would end the program.
func (r *keyring) fetch(d *document) (answer, error) {
	type result struct {
		keys answer
		err  error
	}
	results := make(chan result, 1)
	r.mu.Lock()
	if r.closed.Load() {
		r.mu.Unlock()
		return nil, ErrClosed
	}
	r.calls.Add(1)
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(r.life, fetchTimeout)
	defer cancel()
	givenUp := false // guarded by the mutex
	go func() {
		defer r.calls.Done()
		var got result
		if err := guard.Run(func() { got.keys, got.err = d.fetch(ctx) }); err != nil {
			got = result{err: fmt.Errorf("the HTTP client failed: %w", err)}
		}
		results <- got
		r.mu.Lock()
		defer r.mu.Unlock()
		if givenUp {
			d.state.stuck--
		}
	}()
	limit := time.NewTimer(fetchTimeout)
	defer limit.Stop()
	select {
	case got := <-results:
		return got.keys, fromPeer(got.err)
	case <-r.life.Done():
		return nil, ErrClosed
	case <-limit.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case got := <-results: // at the last moment
		return got.keys, fromPeer(got.err)
	default:
	}
	givenUp = true
	d.state.stuck++
	return nil, errGivenUp
}
