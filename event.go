package aztoken

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/guard"
	"github.com/seed-ac726066/aztoken/internal/lifetime"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// EventKind is what happened to a token.
type EventKind string

const (
	// EventAcquired means that a new token is in use.
	EventAcquired EventKind = "acquired"
	// EventUnchanged means that the endpoint returned the token that the client had already, as
	// platforms with a cache of their own do. It stays in use; RefreshOn is when the client looks
	// again.
	EventUnchanged EventKind = "unchanged"
	// EventFailed means that a request for a token failed. If a valid token is held it stays in
	// use; RefreshOn is the next try.
	EventFailed EventKind = "failed"
	// EventRejected means that a service rejected the token, and the client looks for another.
	EventRejected EventKind = "rejected"
	// EventDropped means that the token was not used for a whole life, and the client keeps it
	// fresh no longer.
	EventDropped EventKind = "dropped"
	// EventLoaded means that a token came from Options.Store and is in use.
	EventLoaded EventKind = "loaded"
	// EventStoreFailed means that Options.Store does not work, or holds an entry that cannot be
	// opened; Err is why. No call fails by that. It is told once for each change, as is
	// EventStoreRecovered.
	EventStoreFailed EventKind = "store_failed"
	// EventStoreRecovered means that Options.Store works again.
	EventStoreRecovered EventKind = "store_recovered"
	// EventManyClients means that many clients of one host and identity are alive: a program should
	// make one, use it everywhere, and Close what it drops. Err says how many there are.
	EventManyClients EventKind = "many_clients"
	// EventCallbackFailed means that a callback of OnRotate or the Logger panicked; Err is what
	// with. (A panic of OnEvent goes to the Logger alone.)
	EventCallbackFailed EventKind = "callback_failed"
)

// Event tells of a change to a token, for metrics and logs. It contains no token.
type Event struct {
	Kind EventKind
	Time time.Time
	// Resource, Tenant and CAE are what the token is for; Tenant and CAE are set only where a
	// credential was asked for several tokens of one resource.
	Resource string
	Tenant   string
	CAE      bool
	// Identity is the identity that was asked for, in the words of Status.Identity.
	Identity string
	// Background is true for a refresh that no caller waited for.
	Background bool
	// Took is how long the request to the endpoint took, with its wait for a slot; 0 where there
	// was none.
	Took time.Duration
	// ExpiresOn and RefreshOn are those of the token in use, zero without one.
	ExpiresOn, RefreshOn time.Time
	// Err is why a request failed, mostly an [*Error].
	Err error
}

// Status is a snapshot of a client, for a debug page or a health check. It contains no token.
type Status struct {
	// Host is the kind of host, the address of its endpoint, and by what it was found, for people
	// to read: "App Service at http://localhost:8081/msi/token ($IDENTITY_ENDPOINT,
	// $IDENTITY_HEADER)".
	Host string `json:"host"`
	// Identity is the id that was asked for, "default" for the host's default identity, and ""
	// where Options.Credential decides.
	Identity string `json:"identity,omitempty"`
	// StoreError is why Options.Store does not work, "" while it does or there is none.
	StoreError string `json:"store_error,omitempty"`
	// Resources are those that have a token, and those that could not get one a moment ago, sorted
	// by name.
	Resources []ResourceStatus `json:"resources"`
}

// ResourceStatus is the state of one token.
type ResourceStatus struct {
	Resource string `json:"resource"`
	// Tenant and CAE tell tokens of one resource apart, where a credential was asked for several.
	Tenant string `json:"tenant,omitempty"`
	CAE    bool   `json:"cae,omitempty"`
	// AcquiredOn and ExpiresOn are those of the token in use, zero where there has been none.
	AcquiredOn time.Time `json:"acquired_on,omitzero"`
	ExpiresOn  time.Time `json:"expires_on,omitzero"`
	// RefreshOn is when the endpoint is asked next; after failures, the next try.
	RefreshOn time.Time `json:"refresh_on,omitzero"`
	// Source is where the token came from: "endpoint", or "store" while the endpoint has not
	// returned it to this process; "" where there has been none.
	Source string `json:"source,omitempty"`
	// Failures counts the background refreshes that failed since the last success, and where there
	// has been no token the tries.
	Failures int `json:"failures"`
	// LastError is why the last of them failed, "" where none did, and LastErrorOn when.
	LastError   string    `json:"last_error,omitempty"`
	LastErrorOn time.Time `json:"last_error_on,omitzero"`
}

// status returns the state of all entries.
func (c *cache) status() Status {
	s := Status{Resources: []ResourceStatus{}}
	if c == nil {
		return s
	}
	s.Host, s.Identity = c.endpoint.host, c.endpoint.identity
	if c.store != nil {
		if err := c.store.health.Err(); err != nil {
			s.StoreError = err.Error()
		}
	}
	byKey := make(map[string]ResourceStatus)
	for _, e := range c.entries() {
		if r, ok := e.status(); ok {
			byKey[e.key()] = r
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		s.Resources = append(s.Resources, byKey[key])
	}
	return s
}

// status returns the state of the entry, false if there is nothing to tell.
func (e *entry) status() (ResourceStatus, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := ResourceStatus{Resource: e.resource, Tenant: e.tenant, CAE: e.cae}
	switch {
	case e.phase == dropped:
		return s, false
	case e.token != nil:
		s.AcquiredOn, s.ExpiresOn, s.RefreshOn = e.token.token.AcquiredOn, e.token.token.ExpiresOn, utc(e.refreshOn)
		s.Source = "endpoint"
		if e.token.stored {
			s.Source = "store"
		}
		s.Failures = e.backoff.failures
		if err := e.backoff.err; err != nil {
			s.LastError, s.LastErrorOn = err.Error(), utc(e.backoff.on)
		}
	case e.failure.err != nil:
		s.Failures, s.LastError, s.LastErrorOn = e.failure.tries, e.failure.err.Error(), utc(e.failure.on)
	default:
		return s, false
	}
	return s, true
}

// change is what a step of an entry changed: what observers are told.
type change struct {
	events   []Event
	rotated  Token  // a new token, for OnRotate; the zero Token for none
	sequence uint64 // orders the tokens of a resource
}

// change begins the change of kind. e.mu is held.
func (e *entry) change(kind EventKind, now time.Time) change {
	return change{events: []Event{e.event(kind, now)}}
}

// event begins an Event of the entry. e.mu is held.
func (e *entry) event(kind EventKind, now time.Time) Event {
	ev := Event{
		Kind: kind, Time: now, Resource: e.resource, Tenant: e.tenant, CAE: e.cae, Identity: e.endpoint.identity,
	}
	if e.token != nil {
		ev.ExpiresOn, ev.RefreshOn = e.token.token.ExpiresOn, utc(e.refreshOn)
	}
	return ev
}

// maxBacklog bounds the events that wait for a slow observer; further ones are lost. A client has a
// few a day for each resource, and one every two seconds for each that fails.
const maxBacklog = 4096

// observers tell users what has changed: Options.Logger, Options.OnEvent and the subscribers of
// OnRotate. They are told in goroutines of their own, in order, as they may be slow or never
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

// tell hands on what changed. It waits for no observer.
func (o *observers) tell(c change) {
	if c.rotated.secret != nil {
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

// deliver hands the backlog to the logger and to OnEvent, also what is left of it when the client
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

// end drops what a slow observer has not been told by now.
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

// dispatch calls the logger and OnEvent. What one of them panics with is told to the other.
func (o *observers) dispatch(ev Event) {
	if o.logger != nil {
		if err := o.run(func() { o.log(ev) }); err != nil && o.onEvent != nil {
			failed := Event{Kind: EventCallbackFailed, Time: ev.Time, Identity: ev.Identity, Err: callbackError("Options.Logger", err)}
			_ = o.run(func() { o.onEvent(failed) })
		}
	}
	if o.onEvent != nil {
		if err := o.run(func() { o.onEvent(ev) }); err != nil && o.logger != nil {
			failed := Event{Kind: EventCallbackFailed, Time: ev.Time, Identity: ev.Identity, Err: callbackError("Options.OnEvent", err)}
			_ = o.run(func() { o.log(failed) })
		}
	}
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

// subscriber delivers tokens to one callback, one at a time and the latest only: a slow callback
// misses tokens that were replaced meanwhile, and delays no other.
type subscriber struct {
	f func(Token)

	// mu guards what follows. f does not run under it.
	mu         sync.Mutex
	next       Token // the zero Token for none
	sequence   uint64
	delivering bool
	stopped    bool
}

// subscribe calls f with every new token for resource from now on.
func (o *observers) subscribe(resource string, f func(Token)) (stop func()) {
	s := &subscriber{f: f}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.subscribers == nil {
		o.subscribers = make(map[string][]*subscriber)
	}
	o.subscribers[resource] = append(slices.Clone(o.subscribers[resource]), s)
	return func() {
		s.stop()
		o.unsubscribe(resource, s)
	}
}

func (o *observers) unsubscribe(resource string, s *subscriber) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(o.subscribers[resource]), func(other *subscriber) bool { return other == s })
	if len(rest) == 0 {
		delete(o.subscribers, resource)
		return
	}
	o.subscribers[resource] = rest
}

// subscribersOf returns the subscribers of the token that r names. Tokens for another tenant are
// not the resource's own. The slice is not changed by later calls.
func (o *observers) subscribersOf(r request) []*subscriber {
	if !r.isPlain() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.subscribers[r.resource]
}

func (o *observers) isSubscribed(r request) bool { return len(o.subscribersOf(r)) > 0 }

func (s *subscriber) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped, s.next = true, Token{}
}

// deliver hands t to the callback, unless that has had a newer one: whoever installed t may come
// late.
func (s *subscriber) deliver(o *observers, t Token, sequence uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || sequence <= s.sequence {
		return
	}
	s.next, s.sequence = t, sequence
	if !s.delivering {
		s.delivering = o.life.Go(func() { s.run(o) })
	}
}

func (s *subscriber) run(o *observers) {
	for {
		s.mu.Lock()
		t := s.next
		s.next = Token{}
		if t.secret == nil || o.life.Ended() {
			s.delivering = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if err := guard.Run(func() { s.f(t) }); err != nil {
			text := strings.ReplaceAll(err.Error(), t.Value(), "REDACTED")
			o.tell(change{events: []Event{{
				Kind: EventCallbackFailed, Time: time.Now(), Resource: t.Resource, Identity: o.identity,
				Err: callbackError("a callback of OnRotate", errors.New(text)),
			}}})
		}
	}
}
