package imdstest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// keptRequests bounds the log.
const keptRequests = 10_000

// What is never in the log, but for its name.
var (
	secretHeaders    = []string{"Authorization", "X-Identity-Header", "Secret"}
	secretParameters = []string{"client_assertion", "client_secret", "refresh_token", "password"}
)

// Request is a request that the server received, refused and unanswered ones too. [Server.KeyRequests] has those for
// discovery and keys, [Server.Requests] all others, which are the token requests. Its maps are shared and must not be
// changed.
type Request struct {
	Time time.Time // of arrival

	// Host is the one that was asked: "IMDS", "App Service", "Azure Arc", "Service Fabric", "Cloud Shell", "Azure ML" or
	// "workload identity", and for discovery and keys "Entra ID". Blank: no host has this path, or not over plain http.
	Host string

	Method   string      // "GET"
	Path     string      // as sent, without the query
	Resource string      // the parameter resource, or scope without /.default; blank: none
	Query    url.Values  // all parameters of the URL
	Form     url.Values  // all parameters of the body of a POST; the value of client_assertion is "REDACTED"
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

func (l *requestLog) begin(host string, c call, f Fault) *Request {
	r := &Request{
		Time:     time.Now(),
		Host:     host,
		Method:   c.method,
		Path:     c.path,
		Resource: c.resource(),
		Query:    redacted(c.query, secretParameters),
		Form:     redacted(c.form, secretParameters),
		Header:   redacted(c.header, secretHeaders),
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

// end returns what became of a request that is over.
func (l *requestLog) end(entry *Request) Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	return *entry
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

// resource returns what a token is asked for, wherever that is said.
func (c call) resource() string {
	if r := cmp.Or(c.query.Get("resource"), c.form.Get("resource")); r != "" {
		return r
	}
	resource, _ := scopeResource(c.form.Get("scope"))
	return resource
}

// redacted returns a copy of m in which the secrets are not.
func redacted[M ~map[string][]string](m M, secrets []string) M {
	m = maps.Clone(m)
	for name := range m {
		if slices.ContainsFunc(secrets, func(secret string) bool { return strings.EqualFold(secret, name) }) {
			m[name] = slices.Repeat([]string{"REDACTED"}, len(m[name]))
		}
	}
	return m
}
