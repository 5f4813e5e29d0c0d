package telemetry

import (
	"cmp"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

// Watched are the clients and verifiers whose state is shown. It keeps none of them alive: it
// forgets those that nobody else references.
type Watched struct {
	labels *labels

	// mu guards what follows. No Status is called under it.
	mu        sync.Mutex
	clients   []client
	verifiers []weak.Pointer[verify.Verifier]
}

type client struct {
	pointer weak.Pointer[aztoken.Client]
	as      Source
}

// NewWatched returns a Watched with labels for at most limit clients and resources; 0 means
// DefaultLimit.
func NewWatched(limit int) *Watched { return &Watched{labels: newLabels(limit)} }

// Client adds c and returns its labels: the fields of as that are set, and otherwise its own. For a
// client that was added before, only the labels change.
func (w *Watched) Client(as Source, c *aztoken.Client) Source {
	own := w.SourceOf(as, c.Status().Identity)
	if c == nil {
		return own
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	added := client{weak.Make(c), as}
	if i := slices.IndexFunc(w.clients, func(other client) bool { return other.pointer == added.pointer }); i >= 0 {
		w.clients[i] = added
	} else {
		w.clients = append(w.clients, added)
	}
	return own
}

// Verifier adds v.
func (w *Watched) Verifier(v *verify.Verifier) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if pointer := weak.Make(v); v != nil && !slices.Contains(w.verifiers, pointer) {
		w.verifiers = append(w.verifiers, pointer)
	}
}

// SourceOf returns the labels of a client of identity that is added with as.
func (w *Watched) SourceOf(as Source, identity string) Source {
	if as.Identity == "" {
		as.Identity = identity
	}
	return w.labels.source(as)
}

// alive returns what is still in use, and forgets the rest.
func (w *Watched) alive() (clients []client, verifiers []*verify.Verifier) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clients = slices.DeleteFunc(w.clients, func(c client) bool { return c.pointer.Value() == nil })
	w.verifiers = slices.DeleteFunc(w.verifiers, func(v weak.Pointer[verify.Verifier]) bool { return v.Value() == nil })
	for _, v := range w.verifiers {
		if v := v.Value(); v != nil {
			verifiers = append(verifiers, v)
		}
	}
	return slices.Clone(w.clients), verifiers
}

// Snapshot is the state of all that is watched.
type Snapshot struct {
	// Tokens has, for each key, the token that is worst off.
	Tokens Tokens
	// Failures are how often in a row requests have failed, for each resource of a Source: the most
	// of all tenants.
	Failures map[FailureKey]int
	// HasStore reports whether a client has a store, and StoreUp whether each of these works.
	HasStore, StoreUp bool
	// Keys are those of the verifiers that have been used, nil without one.
	Keys *Keys
}

// TokenKey identifies a token.
type TokenKey struct {
	Resource
	CAE bool
}

// Token is when a token was acquired, is to be refreshed, and expires. Refresh is zero for an
// unused token: it is not refreshed before somebody uses it, and no alert may treat it as one that
// cannot be refreshed.
type Token struct{ Acquired, Refresh, Expiry time.Time }

// Tokens holds, for each key, the token that is worst off. A token that is in use counts before one
// that is not. Among these, a token that should have been replaced by now counts first, the one
// with the smallest share of its life left before the others; then the one that expires first.
type Tokens map[TokenKey]Token

// Add adds the token of r, if it has one.
func (all Tokens) Add(key TokenKey, r aztoken.ResourceStatus, now time.Time) {
	if r.AcquiredOn.IsZero() {
		return
	}
	t := Token{Acquired: r.AcquiredOn, Refresh: r.RefreshOn, Expiry: r.ExpiresOn}
	if r.Unused {
		t.Refresh = time.Time{}
	}
	if other, ok := all[key]; !ok || t.isWorse(other, now) {
		all[key] = t
	}
}

// overdue is the share of a token's life that is left at least when the default policy replaces the
// token. The alert rules begin below it.
const overdue = 0.51

// isWorse reports whether t is worse off than other. Their lifetimes may differ: a 24-hour token
// with three hours left should have been replaced, while a one-hour token with 50 minutes left is
// fine.
func (t Token) isWorse(other Token, now time.Time) bool {
	if inUse := !t.Refresh.IsZero(); inUse == other.Refresh.IsZero() {
		return inUse
	}
	if a, b := t.left(now), other.left(now); min(a, b) < overdue {
		return a < b
	}
	return t.Expiry.Before(other.Expiry)
}

// left returns the share of its life that t has left.
func (t Token) left(now time.Time) float64 {
	life := t.Expiry.Sub(t.Acquired)
	if life <= 0 {
		return 0
	}
	return float64(t.Expiry.Sub(now)) / float64(life)
}

// FailureKey identifies a count of failures.
type FailureKey struct {
	Source
	Resource string
}

// Keys is the state of the keys of the verifier, or of the tenant of a verifier, that is worst off.
type Keys struct {
	Count           int
	Fetched, Expiry time.Time // zero without keys
	IsFailing       bool      // the newest fetch of one of them failed
}

// Snapshot returns the state of all that is watched now. It waits for no endpoint.
func (w *Watched) Snapshot() Snapshot {
	s := Snapshot{Tokens: make(Tokens), Failures: make(map[FailureKey]int), StoreUp: true}
	now := time.Now()
	clients, verifiers := w.alive()
	for _, c := range clients {
		if pointer := c.pointer.Value(); pointer != nil {
			s.addClient(w, c.as, pointer.Status(), now)
		}
	}
	var keys []verify.Status
	for _, v := range verifiers {
		keys = append(keys, v.Status())
	}
	s.Keys = KeysOf(keys...)
	return s
}

func (s *Snapshot) addClient(w *Watched, as Source, status aztoken.Status, now time.Time) {
	if status.Closed {
		return
	}
	s.HasStore = s.HasStore || status.HasStore
	s.StoreUp = s.StoreUp && status.StoreError == ""
	for _, r := range status.Resources {
		source := w.SourceOf(as, cmp.Or(r.Identity, status.Identity))
		hasToken := !r.AcquiredOn.IsZero()
		resource := w.labels.resource(Resource{Source: source, Resource: r.Resource, Tenant: r.Tenant}, hasToken)
		failures := FailureKey{source, resource.Resource}
		s.Failures[failures] = max(s.Failures[failures], r.Failures)
		s.Tokens.Add(TokenKey{resource, r.CAE}, r, now)
	}
}

// KeysOf returns the keys of the verifier, or of the tenant, that is worst off. It returns nil if
// none has been used.
func KeysOf(verifiers ...verify.Status) *Keys {
	var k *Keys
	for _, v := range verifiers {
		if v.Closed || v.NextFetchOn.IsZero() { // it has not been used yet
			continue
		}
		if len(v.Tenants) == 0 {
			k = k.worsened(v)
		}
		for _, tenant := range v.Tenants { // one of which may have no keys while the others do
			k = k.worsened(tenant)
		}
	}
	return k
}

// worsened returns the worse of k, which may be nil, and the keys of status in each respect.
func (k *Keys) worsened(status verify.Status) *Keys {
	if k == nil {
		k = &Keys{Count: status.Keys, Fetched: status.FetchedOn, Expiry: status.ExpireOn}
	}
	return &Keys{
		Count:   min(k.Count, status.Keys),
		Fetched: earlier(k.Fetched, status.FetchedOn), Expiry: earlier(k.Expiry, status.ExpireOn),
		IsFailing: k.IsFailing || status.LastError != "",
	}
}

// earlier returns the earlier of two times. A zero time, which means no keys, is the earliest.
func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Seconds returns t in seconds since 1970, to the millisecond.
func Seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
