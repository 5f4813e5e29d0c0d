package verify

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
)

// EventKind is what happened.
type EventKind string

const (
	EventKeysFetched EventKind = "keys_fetched" // Entra's keys were fetched
	// EventKeysFailed: Entra's keys could not be fetched; the last good ones, if any, stay in use.
	EventKeysFailed EventKind = "keys_failed"
	EventRejected   EventKind = "rejected" // a token was not accepted

	// EventKeyFileFailed means that Options.KeyFile is not used, or could not be written. It is
	// reported once until the file works again.
	EventKeyFileFailed EventKind = "key_file_failed"
)

// Event is something that happened in a [Verifier]. It contains no token.
type Event struct {
	Kind EventKind
	Time time.Time
	Keys int   // how many were fetched
	Err  error // why something failed
}

const (
	// observeFor is how long a caller waits for the observers of its event, so that they have it
	// when the call returns. One that is slower goes on in the background.
	observeFor = 100 * time.Millisecond
	// maxObserving is how many events an observer may be busy with. While it is, further ones are
	// dropped: each costs a goroutine.
	maxObserving = 64
)

// observers are OnEvent and the Logger. Each may panic, be slow or never return, but delays nobody
// beyond observeFor, not even the other.
type observers struct {
	onEvent, logger observer
	running         sync.WaitGroup

	mu     sync.Mutex // guards what follows and the observers' busy; no callback under it
	closed bool
}

// observer gets events, several at once if necessary.
type observer struct {
	call   func(Event)
	failed func(error) // told what call panicked with
	busy   int
}

func newObservers(onEvent func(Event), logger *slog.Logger) *observers {
	o := &observers{onEvent: observer{call: onEvent}}
	if logger != nil {
		o.logger.call = func(e Event) { e.log(logger) }
		o.onEvent.failed = func(err error) {
			logger.LogAttrs(context.Background(), slog.LevelError, "aztoken verify: OnEvent failed", slog.String("error", err.Error()))
		}
	}
	return o
}

// tell tells the observers of an event, without waiting for them.
func (o *observers) tell(e Event) {
	o.start(&o.onEvent, e)
	o.start(&o.logger, e)
}

// tellAndWait tells the observers of an event and waits for them, for a while.
func (o *observers) tellAndWait(ctx context.Context, e Event) {
	if o.onEvent.call == nil && o.logger.call == nil {
		return
	}
	if ctx == nil {
		ctx = context.Background()
	}
	limit := time.NewTimer(observeFor)
	defer limit.Stop()
	for _, done := range []<-chan struct{}{o.start(&o.onEvent, e), o.start(&o.logger, e)} {
		if done == nil {
			continue
		}
		select {
		case <-done:
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// start tells one observer of an event. The result is closed when it has returned, and nil if it
// was not told.
func (o *observers) start(to *observer, e Event) <-chan struct{} {
	if to.call == nil || !o.begin(to) {
		return nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer o.end(to)
		if err := guard.Run(func() { to.call(e) }); err != nil && to.failed != nil {
			_ = guard.Run(func() { to.failed(err) })
		}
	}()
	return done
}

func (o *observers) begin(to *observer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || to.busy >= maxObserving {
		return false
	}
	to.busy++
	o.running.Add(1)
	return true
}

func (o *observers) end(to *observer) {
	o.mu.Lock()
	to.busy--
	o.mu.Unlock()
	o.running.Done()
}

// close drops all further events.
func (o *observers) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

func (e Event) log(logger *slog.Logger) {
	level, text := slog.LevelInfo, "aztoken verify: keys fetched"
	switch e.Kind {
	case EventKeysFailed:
		level, text = slog.LevelWarn, "aztoken verify: keys not fetched"
	case EventKeyFileFailed:
		level, text = slog.LevelWarn, "aztoken verify: key file not used"
	case EventRejected:
		text = "aztoken verify: token not accepted"
	}
	about := slog.Int("keys", e.Keys)
	if e.Err != nil {
		about = slog.String("error", e.Err.Error())
	}
	logger.LogAttrs(context.Background(), level, text, about)
}
