package verify

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// closeLimit is how long close waits for what ignores its context.
const closeLimit = 5 * time.Second

// keyring holds the last good keys of each document and keeps them fresh.
//
//	        every hour; after a failure in 1 s to 1 min
//	Entra ──────────────────────────────────────────────▶ document ──▶ keys ──▶ find, lock-free
//	        unknown key: once in 5 min                     │    ▲
//	        known key missing: in 1 min, then 5 min        ▼    │ while there are no keys
//	                                                      key file
//
// A document is a tenant's, or that of all tenants. Each has its own goroutine, which starts when
// the first key is needed and ends with close. See [phase] for its states. A key of a document:
//
//	                    published                      not in the newest answer
//	unknown ──────────────────────────────▶ current ◀──────────────────────────▶ absent
//	   ▲                                       │            in it again             │
//	   └───────────────────────────────────────┴────────────────────────────────────┘
//	     other material under its id, or unusable; no answer in an hour, and in ten at least, has
//	     had it; 24 hours without an answer
//
// What can hang runs in its own goroutine, and nothing waits for it without a limit: a fetch is
// abandoned after ten seconds, and so is the wait of a caller; files and observers delay nobody.
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

	// mu guards what follows and the documents; no I/O, callback or wait under it.
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each end of a fetch or of reading the file
	loading bool          // the key file is being read, and callers may wait for that
	unsaved bool          // there are keys to write into the key file once it has been read
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

// loaded adds the keys of the file, and notifies those who wait for them.
func (r *keyring) loaded(saved map[string]savedDocument) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.loading = false
	for _, d := range r.documents {
		s, ok := saved[d.name()]
		switch {
		case !ok:
		case !d.state.usable(now):
			d.state, d.held = d.state.load(s.fetched), s.keys
		case d.newest != nil && (fetchState{}).load(s.fetched).usable(now):
			d.held, r.unsaved = d.held.with(s.keys, d.newest, now), true
			if d.held.lacking() && d.state.phase == waiting {
				d.state = d.state.succeed(d.state.fetched, true)
				d.due = d.state.next(rand.Float64())
				d.rouse()
			}
		}
	}
	r.publish(now)
	if r.unsaved {
		r.save(now)
	}
}

// save writes the keys into the key file, unless the file has not been read yet: it may have more
// keys than Entra's answer. It is called with the mutex held.
func (r *keyring) save(now time.Time) {
	if r.unsaved = r.loading; r.unsaved || r.files.file == nil || r.closed.Load() {
		return
	}
	r.files.save(r.saved(now))
}

// publish makes the keys of all documents visible to find, and notifies those who wait for a
// change. It is called with the mutex held.
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

// saved are the keys of all documents in the form of the file. It is called with the mutex held.
func (r *keyring) saved(now time.Time) (all []savedKeys) {
	for _, d := range r.documents {
		if d.state.usable(now) {
			all = append(all, d.held.saved(d.name(), d.state.fetched))
		}
	}
	return all
}
