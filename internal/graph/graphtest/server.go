package graphtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// TenantID is the tenant of every server.
const TenantID = "7e000000-0000-4000-8000-000000000001"

// The permissions that a caller may have.
const (
	ReadApplications  = "Application.Read.All"
	WriteApplications = "Application.ReadWrite.All"
	OwnApplications   = "Application.ReadWrite.OwnedBy"
	WriteAssignments  = "AppRoleAssignment.ReadWrite.All"
)

// Options are what a server differs in from one that lets everything pass.
type Options struct {
	// Host is the Graph whose tokens are accepted; "" is that of the public cloud.
	Host string
	// Permissions are those of the caller; nil is all of them.
	Permissions []string
	// PageSize is the most entries of a page; 0 is Graph's 100.
	PageSize int
	// VerifiedDomains are those that App ID URIs may have.
	VerifiedDomains []string
}

// Server is a fake Graph. Make one with [NewServer] or [New]. It is safe for concurrent use.
type Server struct {
	// URL is its address. That of a server without a socket is "http://127.0.0.1".
	URL string

	options Options

	mu           sync.Mutex
	lags         Lags
	requests     []Request
	writes       int
	throttle     throttle
	interruption *interruption
	made         int // the number of objects, of which ids are made
	applications []*application
	principals   []*principal
	assignments  []*assignment
}

// NewServer starts a server on the loopback interface. It is closed when the test ends. Nil options are the defaults.
func NewServer(tb testing.TB, opts *Options) *Server {
	tb.Helper()
	s := New(opts)
	listener := httptest.NewServer(s)
	s.URL = listener.URL
	tb.Cleanup(listener.Close)
	return s
}

// New returns a server without a socket, to be used as the transport of a client, in virtual time too. Nil options are the
// defaults.
func New(opts *Options) *Server {
	s := &Server{URL: "http://127.0.0.1"}
	if opts != nil {
		s.options = *opts
	}
	if s.options.Host == "" {
		s.options.Host = "graph.microsoft.com"
	}
	if s.options.PageSize == 0 {
		s.options.PageSize = 100
	}
	return s
}

// Do answers without a socket, as azcore's policy.Transporter.
func (s *Server) Do(req *http.Request) (resp *http.Response, err error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	defer func() {
		if recover() == http.ErrAbortHandler {
			resp, err = nil, errCut
		}
	}()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	resp = w.Result()
	resp.Request = req
	return resp, nil
}

// ServeHTTP answers over a socket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := readRequest(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x := exchange{Server: s, request: q, moment: moment{len(s.requests), time.Now()}}
	s.requests = append(s.requests, Request{Method: r.Method, Path: q.path, Query: r.URL.Query(), Body: string(q.body)})
	a := x.answer()
	s.requests[x.count].Status = a.status
	send(w, a)
}

// An exchange is a request that is being answered, with the lock held.
type exchange struct {
	*Server
	request
	moment
}

// answer decides whether the request gets through to the objects.
func (x exchange) answer() answer {
	switch {
	case x.throttle.left > 0:
		x.throttle.left--
		return x.throttled()
	case !authorized(x.authorization, x.options.Host):
		return unauthorized()
	}
	write := x.method != http.MethodGet
	if needs := needed(x.method, x.path); !x.permits(needs) {
		return forbidden()
	}
	if !write {
		return x.route()
	}
	x.writes++
	cut := x.interruption.at(x.writes)
	if cut != nil && !cut.applied {
		cut.kill()
		panic(http.ErrAbortHandler)
	}
	a := x.route()
	if cut != nil {
		cut.kill()
		panic(http.ErrAbortHandler)
	}
	return a
}

// needed are the permissions one of which a request takes.
func needed(method, path string) []string {
	switch {
	case method == http.MethodGet:
		return []string{ReadApplications, WriteApplications, OwnApplications}
	case strings.Contains(path, "/appRoleAssignedTo"):
		return []string{WriteAssignments}
	}
	return []string{WriteApplications, OwnApplications}
}

func (s *Server) permits(needs []string) bool {
	if s.options.Permissions == nil {
		return true
	}
	for _, have := range s.options.Permissions {
		for _, need := range needs {
			if have == need {
				return true
			}
		}
	}
	return false
}
