package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// The resources of a run: the service that is called, one whose tokens are used as they are, and one that is asked for so
// seldom that the client lets go of its token now and then.
const (
	orders  = "https://orders.example.com"
	billing = "https://billing.example.com"
	archive = "https://archive.example.com"
)

// setting is a run.
type setting struct {
	seed           uint64
	span, lifetime time.Duration
	slack          time.Duration // what is no waiting yet: 0 in virtual time
	settle         func()        // returns when nothing is left to do at this moment
	sockets        bool          // over loopback
	heap           *heap
	wall           *wallClock // nil: it cannot be set

	breakage breakage
}

// world is the fake machine and cloud of one run, its program, and what was found out about it.
type world struct {
	setting
	dir   string
	imds  *imdstest.Server
	start time.Time
	life  context.Context // of all calls
	stop  context.CancelFunc
	over  chan struct{} // closed after the last step
	net   network

	mu       sync.Mutex
	client   *client
	verifier *verifier
	states   map[layer]*step      // the lasting steps that are in force
	recent   []step               // the last that began
	active   int                  // lasting steps in force
	calm     time.Time            // since when nothing happens
	given    map[string]time.Time // the tokens of the endpoint and their ends, on both clocks
	kept     keyview              // what is in the key file
	keysFrom map[string]time.Time // the published keys, and since when
	requests int64
	tally    tally
	broken   []violation
	busy     sync.WaitGroup
	calling  int
	logged   int // requests in the fake's log, as far as the heap's bound knows
	seen     *slog.Logger
}

// violation is a broken rule with all that is needed to look into it.
type violation struct {
	finding
	seed   uint64
	at     time.Duration
	recent []step
}

func (v violation) String() string {
	text := fmt.Sprintf("VIOLATION of %q\n  seed %d, %v after the start: %s\n", v.rule, v.seed, v.at, v.what)
	for _, s := range v.recent {
		text += fmt.Sprintf("    %v\n", s)
	}
	return text
}

// enough is how many violations of one run are told.
const enough = 3

func newWorld(ctx context.Context, s setting) (*world, error) {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return nil, err
	}
	// The platform's own cache is one of three: of an hour, none, or one that gives a token until shortly before its end.
	mintAfter := [...]time.Duration{s.lifetime / 24, -1, s.lifetime - s.keeps()}[s.seed%3]
	w := &world{
		setting: s, dir: dir, start: time.Now(), calm: time.Now(), over: make(chan struct{}),
		imds: imdstest.New(&imdstest.Options{
			TokenLifetime: s.lifetime, MintAfter: mintAfter,
			Identities: []imdstest.Identity{{SystemAssigned: true, Roles: map[string][]string{orders: {"consumer"}}}},
		}),
		states: map[layer]*step{}, given: map[string]time.Time{}, tally: newTally(),
	}
	w.life, w.stop = context.WithCancel(ctx)
	w.tally.span, w.tally.lives = s.span, float64(s.span)/float64(s.lifetime)
	w.seen = slog.New(watch{w})
	w.net = newNetwork(w.imds, s.sockets)
	w.heap.bound.Add(heapOfRun)
	w.published(true)
	return w, errors.Join(w.openVerifier(), w.openClient())
}

// keeps is what is left of a token when a platform that keeps it to its end mints another.
func (s setting) keeps() time.Duration { return max(s.lifetime/288, 10*time.Second) }

// mostCalm is the bound on requests in a quiet lifetime.
func (s setting) mostCalm() int {
	if s.seed%3 == 2 {
		return calmLife(s.lifetime, s.keeps())
	}
	return calmLife(s.lifetime, 0)
}

// forgetKeys takes the key file away, as a new machine has none.
func (w *world) forgetKeys() {
	_ = os.Remove(w.keyFile())
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = keyview{}
}

// keyFile is the verifier's; every other run has none.
func (w *world) keyFile() string {
	if w.seed%2 == 1 {
		return ""
	}
	return filepath.Join(w.dir, "keys.json")
}

// report notes what was found.
func (w *world) report(found []finding) {
	if len(found) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reportLocked(found)
}

func (w *world) reportLocked(found []finding) {
	for _, f := range found {
		w.tally.broken[f.rule]++
		if len(w.broken) < enough {
			w.broken = append(w.broken, violation{f, w.seed, time.Since(w.start), append([]step(nil), w.recent...)})
		}
	}
}

func (w *world) isBroken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.broken) >= enough
}

// published notes that the key that signs now is published, and no other one where the rest was withdrawn. A key that was
// published ahead counts from when it signs, which asks less of the verifier.
func (w *world) published(alone bool) {
	kid, _, _ := readToken(w.imds.Mint(orders))
	w.mu.Lock()
	defer w.mu.Unlock()
	since, ok := w.keysFrom[kid]
	if !ok {
		since = time.Now()
	}
	if alone || w.keysFrom == nil {
		w.keysFrom = map[string]time.Time{}
	}
	w.keysFrom[kid] = since
}

// close ends the run, and says what did not end as it should.
func (w *world) close() {
	w.busy.Wait()
	w.mu.Lock()
	c, v := w.client, w.verifier
	w.mu.Unlock()
	w.closeClient(c)
	w.closeVerifier(v)
	w.imds.Close()
	w.net.close()
	_ = os.RemoveAll(w.dir)
}

// transportFunc is an http.RoundTripper, and a transport of the Azure SDK.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (f transportFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }
