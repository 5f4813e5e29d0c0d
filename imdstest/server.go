package imdstest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/fakeazure"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
)

// Server is a fake identity endpoint and the token issuer behind it. Make one with [NewServer] or
// [New]. It is safe for concurrent use.
type Server struct {
	// URL is the address of the endpoint without a path, as aztoken.Options.Endpoint takes it. That
	// of a server without a socket is "http://imds.test"; such a server answers to any other host
	// name too, and a program that serves it sets URL to its own address.
	URL string

	engine *fakeazure.Server
	secure secureSide
}

var (
	_ http.Handler       = (*Server)(nil)
	_ http.RoundTripper  = (*Server)(nil)
	_ policy.Transporter = (*Server)(nil)
)

// NewServer starts a server on a free port of the loopback interface, and one more for https when
// that is first needed. It is closed when the test ends, with all its connections and files. Nil
// options are the defaults. Inside a bubble of [testing/synctest] it fails the test: virtual time
// stops while a goroutine waits for a socket, so use [New] there.
func NewServer(tb testing.TB, opts *Options) *Server {
	tb.Helper()
	if inBubble(tb) {
		tb.Fatalf("imdstest: a socket stops the clock of testing/synctest; use New, with the Server as Options.Transport")
	}
	s := New(opts)
	s.secure.socket = true
	listener := httptest.NewServer(s)
	s.URL = listener.URL
	tb.Cleanup(func() {
		s.Close()
		s.secure.close()
		// A client that has stopped reading would otherwise block the end forever.
		listener.CloseClientConnections()
		listener.Close()
	})
	return s
}

// inBubble reports whether tb is the test of a bubble, by the panic that its Deadline has there.
func inBubble(tb testing.TB) (in bool) {
	test, ok := tb.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return false
	}
	defer func() { in = recover() != nil }()
	test.Deadline()
	return false
}

// New returns a server without a socket. Use it as a transport, by RoundTrip or Do, or as an
// [http.Handler] in a separate program. It is also reachable over https, at "https://imds.test",
// and starts nothing in the background. Nil options are the defaults. New panics if an option is
// wrong.
func New(opts *Options) *Server {
	if opts == nil {
		opts = new(Options)
	}
	engine, err := fakeazure.New(opts.engine())
	if err != nil {
		panic("imdstest: Options." + err.Error())
	}
	return &Server{URL: "http://imds.test", engine: engine}
}

// Close ends the requests that are under way, such as those that hang: their clients see the
// connection closed. It removes the files that the server wrote: certificates, federated tokens and
// the key files of Azure Arc. It does not close the socket of a program that serves s as
// a handler. Close may be called more than once, and need not be called for a server of
// [NewServer], or for one that leaves neither a request hanging nor a file.
func (s *Server) Close() { s.engine.Close() }

// ServeHTTP answers over a socket, for a separate program: [http.Serve](listener, s). If a fault
// requires a broken connection it panics with [http.ErrAbortHandler], which every [http.Server]
// understands.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// RoundTrip answers without a socket; the host of the request does not matter. It behaves as
// [http.Transport] does: it fails with the cause of the request's context as soon as that is done,
// and so does reading the response's body; a body that is neither read to its end nor closed keeps
// its request open. It never repeats a request.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) { return s.engine.RoundTrip(r) }

// Do is [Server.RoundTrip], for the Azure SDK: a Server is a transporter of its clients.
func (s *Server) Do(r *http.Request) (*http.Response, error) { return s.RoundTrip(r) }

// Next sets faults for the next token requests, one for each, in order. They come after those of an
// earlier Next and before what [Server.Break] or [Server.BreakFor] say.
func (s *Server) Next(faults ...Fault) { s.engine.Tokens.Next(engineFaults(faults)...) }

// Break applies f to every token request until [Server.Recover], in place of an earlier Break or
// BreakFor.
func (s *Server) Break(f Fault) { s.engine.Tokens.Break(f.fault) }

// BreakFor is [Server.Break] for d from now on. It uses package time, so its time is virtual inside
// a bubble of [testing/synctest]. This is an endpoint that starts to listen only after a while, as
// a sidecar does:
//
//	imds.BreakFor(25*time.Second, imdstest.Refused())
func (s *Server) BreakFor(d time.Duration, f Fault) { s.engine.Tokens.BreakFor(d, f.fault) }

// Recover ends every fault of token requests: that of Break or BreakFor and those of Next that no
// request has met. Requests that already hang keep hanging. Faults of the issuer's documents end
// with [Issuer.Recover].
func (s *Server) Recover() { s.engine.Tokens.Recover() }

// Requests returns the token requests received, oldest first, also those still under way. Only the
// last 10 000 are kept.
func (s *Server) Requests() []Request { return requests(s.engine.Tokens.Requests()) }

// Count returns the number of token requests since the start.
func (s *Server) Count() int { return s.engine.Tokens.Count() }

// MaxInFlight returns the largest number of token requests that were under way at the same time. A
// request is under way until its client has received the whole answer, or gives up.
func (s *Server) MaxInFlight() int { return s.engine.Tokens.MaxInFlight() }

func engineFaults(faults []Fault) []fault.Fault {
	all := make([]fault.Fault, len(faults))
	for i, f := range faults {
		all[i] = f.fault
	}
	return all
}
