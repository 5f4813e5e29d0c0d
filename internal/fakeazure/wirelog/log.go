// Package wirelog records the requests that a fake received, without the secrets in them.
package wirelog

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// kept bounds the log: enough for a test of days, and a few megabytes.
const kept = 10_000

// What is never in the log, except by name.
var (
	secretHeaders    = []string{"Authorization", "X-Identity-Header", "Secret"}
	secretParameters = []string{"client_assertion", "client_secret", "refresh_token", "password"}
)

// Request is a request that was received, also one that was refused or not answered. Its maps are
// shared and must not be changed.
type Request struct {
	Time time.Time // of arrival

	// Host is the name of the one that was asked. Blank: no host has this path, or not over plain
	// http.
	Host string

	Method   string      // "GET"
	Path     string      // as sent, without the query
	Resource string      // the parameter resource, or scope without /.default; blank: none
	Query    url.Values  // all parameters of the URL
	Form     url.Values  // all parameters of a POST's body; client_assertion is "REDACTED"
	Header   http.Header // the values of Authorization, X-Identity-Header and Secret are "REDACTED"
	Status   int         // of the answer; 0: none, or none yet
	Fault    string      // the name of the fault that it met; blank: none
	Minted   bool        // the answer has a token that was minted for it
}

// String returns the request in one line.
func (r Request) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", r.Time.UTC().Format(time.RFC3339Nano), r.Method, r.Path)
	if len(r.Query) > 0 {
		b.WriteString("?" + r.Query.Encode())
	}
	if len(r.Form) > 0 {
		b.WriteString(" with " + r.Form.Encode())
	}
	if r.Status == 0 {
		b.WriteString(": no answer")
	} else {
		b.WriteString(": " + strconv.Itoa(r.Status))
	}
	if r.Minted {
		b.WriteString(", minted")
	}
	if r.Fault != "" {
		b.WriteString(", " + r.Fault)
	}
	return b.String()
}

// Log is a bounded log of requests. The zero value is empty. It is safe for concurrent use.
type Log struct {
	mu                    sync.Mutex // guards what follows; no other lock is taken under it
	ring                  []*Request // the n-th request is at n modulo kept
	count                 int
	inFlight, maxInFlight int
}

// Entry is a request in the log that is under way.
type Entry struct {
	log     *Log
	request *Request
}

// Begin adds a request, which meets a fault of that name.
func (l *Log) Begin(host string, c identityapi.Call, fault string) Entry {
	r := &Request{
		Time:     time.Now(),
		Host:     host,
		Method:   c.Method,
		Path:     c.Path,
		Resource: c.Resource(),
		Query:    redacted(c.Query, secretParameters),
		Form:     redacted(c.Form, secretParameters),
		Header:   redacted(c.Header, secretHeaders),
		Fault:    fault,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < kept {
		l.ring = append(l.ring, r)
	} else {
		l.ring[l.count%kept] = r
	}
	l.count++
	l.inFlight++
	l.maxInFlight = max(l.maxInFlight, l.inFlight)
	return Entry{l, r}
}

// Answered records the answer's status, and whether it has a token that was minted for it.
func (e Entry) Answered(status int, minted bool) {
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	e.request.Status, e.request.Minted = status, minted
}

// End says that the request is over, and returns the result.
func (e Entry) End() Request {
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	e.log.inFlight--
	return *e.request
}

// Requests returns the requests, oldest first, also those still under way. Only the last 10 000 are
// kept.
func (l *Log) Requests() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Request, 0, len(l.ring))
	for i := max(0, l.count-kept); i < l.count; i++ {
		all = append(all, *l.ring[i%kept])
	}
	return all
}

// Count returns the number of requests since the start.
func (l *Log) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// MaxInFlight returns the largest number of requests that were under way at the same time.
func (l *Log) MaxInFlight() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.maxInFlight
}

// redacted returns a copy of m without the secrets.
func redacted[M ~map[string][]string](m M, secrets []string) M {
	m = maps.Clone(m)
	for name := range m {
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.EqualFold(secret, name) }) {
			m[name] = slices.Repeat([]string{"REDACTED"}, len(m[name]))
		}
	}
	return m
}
