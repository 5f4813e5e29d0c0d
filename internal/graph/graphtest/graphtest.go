// Package graphtest is a fake Microsoft Graph for tests:
//
//	g := graphtest.NewServer(t, nil)
//	worker := g.AddManagedIdentity("orders-worker", "")
//	g.Delay(graphtest.Lags{Roles: graphtest.Lag{Requests: 3}})
//
// It is the front of package fakegraph, which documents what it keeps and refuses.
package graphtest

import (
	"net/http/httptest"
	"testing"

	"github.com/seed-ac726066/aztoken/internal/fakegraph"
	"github.com/seed-ac726066/aztoken/internal/graph"
)

// See package fakegraph.
type (
	Server              = fakegraph.Server
	Options             = fakegraph.Options
	Application         = fakegraph.Application
	API                 = fakegraph.API
	Role                = fakegraph.Role
	FederatedCredential = fakegraph.FederatedCredential
	Principal           = fakegraph.Principal
	Assignment          = fakegraph.Assignment
	Lag                 = fakegraph.Lag
	Lags                = fakegraph.Lags
	Request             = fakegraph.Request
	Credential          = fakegraph.Credential
)

// TenantID is the tenant of a server whose options name no other.
const TenantID = fakegraph.TenantID

// The permissions that a caller may have.
const (
	ReadApplications  = fakegraph.ReadApplications
	WriteApplications = fakegraph.WriteApplications
	OwnApplications   = fakegraph.OwnApplications
	WriteAssignments  = fakegraph.WriteAssignments
)

// New returns a server without a socket. Nil options are the defaults.
func New(opts *Options) *Server { return fakegraph.New(opts) }

// NewServer starts a server on the loopback interface. It is closed when the test ends. Nil options
// are the defaults.
func NewServer(tb testing.TB, opts *Options) *Server {
	tb.Helper()
	s := New(opts)
	listener := httptest.NewServer(s)
	s.URL = listener.URL
	tb.Cleanup(listener.Close)
	return s
}

// Client returns a client of s that is signed in.
func Client(tb testing.TB, s *Server) *graph.Client {
	tb.Helper()
	c, err := graph.New(graph.Options{Endpoint: s.URL, Transport: s})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
