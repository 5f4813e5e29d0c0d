package aztoken

import (
	"time"
)

// EventKind is what happened to a token.
type EventKind string

const (
	// EventAcquired means that a new token is in use.
	EventAcquired EventKind = "acquired"
	// EventUnchanged means that the endpoint returned the token that the client had already, as
	// platforms with their own cache do. It stays in use; RefreshOn is when the client looks again.
	EventUnchanged EventKind = "unchanged"
	// EventFailed means that a request for a token failed. If a valid token is held it stays in
	// use; RefreshOn is the next try.
	EventFailed EventKind = "failed"
	// EventRejected means that a service rejected the token, and the client looks for another.
	EventRejected EventKind = "rejected"
	// EventDropped means that the token was not used for a whole lifetime, and the client no longer
	// keeps it fresh.
	EventDropped EventKind = "dropped"
	// EventLoaded means that a token came from Options.Store and is in use.
	EventLoaded EventKind = "loaded"
	// EventStoreFailed means that Options.Store does not work, or holds an entry that cannot be
	// opened; Err is why. No call fails because of it. It is reported once per change, as is
	// EventStoreRecovered.
	EventStoreFailed EventKind = "store_failed"
	// EventStoreRecovered means that Options.Store works again.
	EventStoreRecovered EventKind = "store_recovered"
	// EventManyClients means that many clients of one host and identity are alive: a program should
	// make one, use it everywhere, and Close what it drops. Err says how many there are.
	EventManyClients EventKind = "many_clients"
	// EventCallbackFailed means that a callback of OnRotate or the Logger panicked; Err has the
	// panic's value. (A panic of OnEvent goes only to the Logger.)
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
	// Took is how long the request to the endpoint took, with its wait for a slot; 0 if there was
	// none.
	Took time.Duration
	// ExpiresOn and RefreshOn are those of the token in use, zero without one.
	ExpiresOn, RefreshOn time.Time
	// Err is why a request failed, mostly an [*Error].
	Err error
}

// change is what a step of an entry changed: what observers are told.
type change struct {
	events   []Event
	rotated  *Token // a new token, for OnRotate; nil for none
	sequence uint64 // orders the tokens of a resource
}

// change begins the change of kind, with one Event. e.mu is held.
func (e *entry) change(kind EventKind, now time.Time) change {
	ev := Event{
		Kind: kind, Time: now, Resource: e.resource, Tenant: e.tenant, CAE: e.cae, Identity: e.endpoint.identity,
	}
	if e.token != nil {
		ev.ExpiresOn, ev.RefreshOn = e.token.token.ExpiresOn, utc(e.refreshOn)
	}
	return change{events: []Event{ev}}
}
