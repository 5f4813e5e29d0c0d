package imdstest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// keptRequests bounds the log.
const keptRequests = 10_000

// secretHeaders are those whose values never enter the log.
var secretHeaders = []string{"Authorization", "X-Identity-Header", "Secret"}

// Request is a token request that the server received: every request that is not for discovery or keys, refused
// and unanswered ones too. Its maps are shared and must not be changed.
type Request struct {
	Time     time.Time   // of arrival
	Method   string      // "GET"
	Path     string      // as sent, without the query
	Resource string      // the parameter resource; blank: none
	Query    url.Values  // all parameters
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

// Requests returns the token requests received, oldest first, also those still under way. Only the last 10 000 are
// kept.
func (s *Server) Requests() []Request { return s.log.requests() }

// Count returns the number of token requests since the start.
func (s *Server) Count() int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.count
}

// MaxInFlight returns the largest number of token requests that were under way at the same time. A request is
// under way until its client has all of the answer, or gives up.
func (s *Server) MaxInFlight() int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return s.log.maxInFlight
}

type requestLog struct {
	mu                    sync.Mutex
	ring                  []*Request // the n-th request is at n modulo keptRequests
	count                 int
	inFlight, maxInFlight int
}

func (l *requestLog) begin(c call, f Fault) *Request {
	r := &Request{
		Time:     time.Now(),
		Method:   c.method,
		Path:     c.path,
		Resource: c.query.Get("resource"),
		Query:    c.query,
		Header:   redacted(c.header),
		Fault:    f.name,
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < keptRequests {
		l.ring = append(l.ring, r)
	} else {
		l.ring[l.count%keptRequests] = r
	}
	l.count++
	l.inFlight++
	l.maxInFlight = max(l.maxInFlight, l.inFlight)
	return r
}

func (l *requestLog) answered(entry *Request, r reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.Status, entry.Minted = r.status, r.minted
}

func (l *requestLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
}

func (l *requestLog) requests() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Request, 0, len(l.ring))
	for i := max(0, l.count-keptRequests); i < l.count; i++ {
		all = append(all, *l.ring[i%keptRequests])
	}
	return all
}

func redacted(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range secretHeaders {
		for i := range h[name] {
			h[name][i] = "REDACTED"
		}
	}
	return h
}
