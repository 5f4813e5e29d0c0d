package aztoken

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// maxBacklog bounds the events that wait for a slow observer; further ones are lost. A client has a
// few a day for each resource, and one every two seconds for each that fails.
const maxBacklog = 4096

// observers tell users what has changed: Options.Logger, Options.OnEvent and the subscribers of
// OnRotate. They are called in separate goroutines, in order, because they may be slow or never
// return; what changed has taken effect by then.
type observers struct {
	logger   *slog.Logger
	onEvent  func(Event)
	identity string // of the client's endpoint
	life     *lifetime.Lifetime

	// mu guards what follows. No callback runs under it.
	mu          sync.Mutex
	backlog     []Event
	delivering  bool
	ended       bool                     // Close has returned: no callback begins from then on
	subscribers map[string][]*subscriber // by resource
}

// tell passes on what changed. It waits for no observer.
func (o *observers) tell(c change) {
	if c.rotated != nil {
		for _, s := range o.subscribersOf(c.rotated.secret.Reveal().key) {
			s.deliver(o, c.rotated, c.sequence)
		}
	}
	if len(c.events) == 0 || o.logger == nil && o.onEvent == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended || len(o.backlog) >= maxBacklog {
		return
	}
	o.backlog = append(o.backlog, c.events...)
	if !o.delivering {
		o.delivering = o.life.Go(o.deliver)
	}
}

// deliver passes the backlog to the logger and to OnEvent, including the rest of it when the client
// is closed.
func (o *observers) deliver() {
	for {
		o.mu.Lock()
		if len(o.backlog) == 0 {
			o.backlog, o.delivering = nil, false
			o.mu.Unlock()
			return
		}
		ev := o.backlog[0]
		o.backlog = o.backlog[1:]
		o.mu.Unlock()
		o.dispatch(ev)
	}
}

// end drops what a slow observer has not received by now.
func (o *observers) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended, o.backlog = true, nil
}

// run calls a callback, unless Close has returned.
func (o *observers) run(callback func()) error {
	o.mu.Lock()
	ended := o.ended
	o.mu.Unlock()
	if ended {
		return nil
	}
	return guard.Run(callback)
}

// dispatch calls the logger and OnEvent. If one of them panics, the other gets an event about it.
func (o *observers) dispatch(ev Event) {
	failed := func(name string, err error) Event {
		return Event{Kind: EventCallbackFailed, Time: ev.Time, Identity: ev.Identity, Err: callbackError(name, err)}
	}
	if err := o.runLogger(ev); err != nil {
		_ = o.runOnEvent(failed("Options.Logger", err))
	}
	if err := o.runOnEvent(ev); err != nil {
		_ = o.runLogger(failed("Options.OnEvent", err))
	}
}

func (o *observers) runLogger(ev Event) error {
	if o.logger == nil {
		return nil
	}
	return o.run(func() { o.log(ev) })
}

func (o *observers) runOnEvent(ev Event) error {
	if o.onEvent == nil {
		return nil
	}
	return o.run(func() { o.onEvent(ev) })
}

// callbackError returns what a callback failed with, without anything that looks like a token.
func callbackError(name string, err error) error {
	return errors.New("aztoken: " + name + ": " + wire.Redact(err.Error()))
}

func (o *observers) log(ev Event) {
	level := slog.LevelInfo
	attrs := []slog.Attr{slog.String("resource", ev.Resource), slog.Bool("background", ev.Background)}
	switch ev.Kind {
	case EventFailed, EventRejected, EventStoreFailed, EventManyClients:
		level = slog.LevelWarn
	case EventCallbackFailed:
		level = slog.LevelError
	case EventUnchanged, EventDropped:
		level = slog.LevelDebug
	}
	if ev.Identity != "" {
		attrs = append(attrs, slog.String("identity", ev.Identity))
	}
	if ev.Tenant != "" {
		attrs = append(attrs, slog.String("tenant", ev.Tenant))
	}
	if ev.Took > 0 {
		attrs = append(attrs, slog.Duration("took", ev.Took))
	}
	if !ev.ExpiresOn.IsZero() {
		attrs = append(attrs, slog.Time("expires_on", ev.ExpiresOn), slog.Time("refresh_on", ev.RefreshOn))
	}
	if ev.Err != nil {
		attrs = append(attrs, slog.String("error", ev.Err.Error()))
	}
	o.logger.LogAttrs(context.Background(), level, "aztoken: token "+string(ev.Kind), attrs...)
}
