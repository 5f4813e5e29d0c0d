// Package fakegraph is a fake Microsoft Graph. It keeps applications with their federated
// credentials, service principals and the assignments between them, refuses what Graph refuses,
// with Graph's texts, and on demand replicates as slowly as Graph. It supports the calls that
// package graph makes, and answers 400 to all others. It has its own sign-in for its tokens. Tests
// use it through package graphtest.
package fakegraph

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/graph"
)

// TenantID is the tenant of a server whose options name no other.
const TenantID = "7e000000-0000-4000-8000-000000000001"

// The permissions that a caller may have.
const (
	ReadApplications  = "Application.Read.All"
	WriteApplications = "Application.ReadWrite.All"
	OwnApplications   = "Application.ReadWrite.OwnedBy"
	WriteAssignments  = "AppRoleAssignment.ReadWrite.All"
)

// Options restrict a server, which by default allows everything.
type Options struct {
	// TenantID is the tenant; "" is that of the package.
	TenantID string
	// Host is the Graph whose tokens are accepted; "" is that of the public cloud.
	Host string
	// AnyCloud accepts the tokens for the Graph of every cloud, whatever Host says.
	AnyCloud bool
	// Permissions are those of the caller; nil is all of them.
	Permissions []string
	// PageSize is the most entries of a page; 0 is Graph's 100.
	PageSize int
	// VerifiedDomains are those that App ID URIs may have.
	VerifiedDomains []string
	// OnRequest is called with each request once there is an answer. Calls may come at the same
	// time. Nil: no call.
	OnRequest func(Request)
}

// hosts returns the Graphs whose tokens are accepted.
func (o Options) hosts() []string {
	if o.AnyCloud {
		return []string{graph.Public().Host, graph.USGovernment().Host, graph.China().Host}
	}
	return []string{o.Host}
}

// Server is a fake Graph. Make one with [New]. It is safe for concurrent use.
type Server struct {
	// URL is its address. That of a server without a socket is "http://127.0.0.1".
	URL string

	options Options

	mu           sync.Mutex
	lags         Lags
	received     int       // the number of requests
	requests     []Request // the last ones
	writes       int
	throttle     throttle
	contended    int // the number of writes still to be refused
	interruption *interruption
	made         int // the number of objects, from which ids are made
	applications []*application
	principals   []*principal
	assignments  []*assignment
}

// New returns a server without a socket, to be used as the transport of a client, also in virtual
// time. Nil options are the defaults.
func New(opts *Options) *Server {
	s := &Server{URL: "http://127.0.0.1"}
	if opts != nil {
		s.options = *opts
	}
	if s.options.Host == "" {
		s.options.Host = "graph.microsoft.com"
	}
	if s.options.TenantID == "" {
		s.options.TenantID = TenantID
	}
	if s.options.PageSize == 0 {
		s.options.PageSize = 100
	}
	return s
}

// Do answers without a socket, as azcore's policy.Transporter.
func (s *Server) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	a, err := s.answer(r)
	if err != nil {
		return nil, err
	}
	header, body := a.render()
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode:    a.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       r,
	}, nil
}

// ServeHTTP answers over a socket. It panics with [http.ErrAbortHandler] where the connection is
// cut.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := s.answer(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	header, body := a.render()
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}

// answer returns the answer to a request. The error is that of reading the request, or that the
// connection was cut.
func (s *Server) answer(r *http.Request) (answer, error) {
	q, err := readRequest(r)
	switch {
	case err != nil:
		return answer{}, err
	case q.path == graph.FakeSignInPath: // which is not a request to Graph
		return s.signIn(q), nil
	}
	a, record, err := s.exchange(q)
	if s.options.OnRequest != nil {
		s.options.OnRequest(record)
	}
	return a, err
}

// exchange answers a request to Graph, and records it.
func (s *Server) exchange(q request) (answer, Request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := exchange{Server: s, request: q, moment: moment{s.received, time.Now()}}
	s.received++
	a, err := x.admit()
	record := Request{Time: x.time, Method: q.method, Path: q.path, Query: q.asked, Body: string(q.body), Status: a.status}
	if len(s.requests) == kept {
		s.requests = slices.Delete(s.requests, 0, kept/2)
	}
	s.requests = append(s.requests, record)
	return a, record, err
}

// An exchange is a request that is being answered, with the lock held.
type exchange struct {
	*Server
	request
	moment
}

// admit decides whether the request gets through to the objects.
func (x exchange) admit() (answer, error) {
	switch {
	case x.throttle.left > 0:
		x.throttle.left--
		return x.throttled(), nil
	case !authorized(x.authorization, x.options.hosts()):
		return unauthorized(), nil
	case !x.permits(needed(x.method, x.path)):
		return forbidden(), nil
	case x.method == http.MethodGet:
		return x.route(), nil
	}
	x.writes++
	if x.contended > 0 {
		x.contended--
		return concurrent(), nil
	}
	cut := x.interruption.at(x.writes)
	if cut != nil && !cut.applied {
		cut.kill()
		return answer{}, errCut
	}
	a := x.route()
	if cut != nil {
		cut.kill()
		return answer{}, errCut
	}
	return a, nil
}

// needed returns the permissions of which a request needs one.
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
