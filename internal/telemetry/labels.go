package telemetry

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// Other stands for everything that no longer gets its own labels.
const Other = "other"

// DefaultLimit is how many resources get their own labels. A program calls a few services; one
// whose callers name the resources must not fill the memory of the metrics server.
const DefaultLimit = 100

// maxLabel bounds a label that a caller provides, in bytes. An App ID URI is far shorter.
const maxLabel = 256

// Source says whose tokens they are.
type Source struct {
	Client   string // the name that the program gave to a client, "" for none
	Identity string // the identity, in the words of aztoken.Status
}

// Resource is what tokens of a Source are for.
type Resource struct {
	Source
	Resource, Tenant string
}

// labels gives each client and each resource labels. The first ones keep their own labels
// permanently: if places became free again, series would come and go without end.
type labels struct {
	mu      sync.Mutex // guards what follows
	sources bounded[Source]
	held    bounded[Resource] // that have had a token
	// failed are those that have not: made-up names must not take the places of the others.
	failed bounded[Resource]
}

func newLabels(limit int) *labels {
	return &labels{sources: newBounded[Source](limit), held: newBounded[Resource](limit), failed: newBounded[Resource](limit)}
}

// source returns the labels of s.
func (l *labels) source(s Source) Source {
	s = Source{Client: clean(s.Client), Identity: clean(s.Identity)}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sources.admits(s) {
		return s
	}
	return Source{Identity: Other}
}

// resource returns the labels of r, whose Source has its own already.
func (l *labels) resource(r Resource, hasToken bool) Resource {
	r.Resource, r.Tenant = clean(r.Resource), clean(r.Tenant)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held.has(r) || hasToken && l.held.admits(r) || !hasToken && l.failed.admits(r) {
		return r
	}
	return Resource{Source: r.Source, Resource: Other}
}

// clean makes a label of a caller's text, which may be a token by mistake.
func clean(text string) string {
	text = wire.Redact(strings.ToValidUTF8(text, "�"))
	if len(text) <= maxLabel {
		return text
	}
	cut := maxLabel
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

// bounded is a set of the first values that were added.
type bounded[T comparable] struct {
	limit int
	known map[T]struct{}
}

func newBounded[T comparable](limit int) bounded[T] {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return bounded[T]{limit, make(map[T]struct{})}
}

func (b bounded[T]) has(v T) bool {
	_, ok := b.known[v]
	return ok
}

// admits reports whether v is in the set, after adding it if there is room.
func (b bounded[T]) admits(v T) bool {
	if b.has(v) {
		return true
	}
	if len(b.known) >= b.limit {
		return false
	}
	b.known[v] = struct{}{}
	return true
}
