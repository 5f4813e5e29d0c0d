package imdstest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Server is a fake identity endpoint and the token issuer behind it. Make one with [NewServer] or [New]. It is safe for
// concurrent use.
type Server struct {
	// URL is the address of the endpoint without a path, as aztoken.Options.Endpoint takes it. That of a server
	// without a socket is "http://imds.test"; such a server answers to any other host name too.
	URL string

	// SecureURL is the address of the endpoint over https, without a path, where a program of its own serves it there with
	// [Server.TLSConfig]. The environments of Service Fabric and workload identity name it. Blank: URL if that is https, or
	// else the listener that a server of [NewServer] starts.
	SecureURL string

	options Options
	secrets secrets
	hosts   []host

	keys        keyring
	certificate func() tlsIdentity // made when it is first needed
	secure      secureSide
	platform    platform
	federation  federation
	keyFiles    keyFiles
	files       files

	script    script
	log       requestLog
	documents documents
	life      context.Context
	end       context.CancelCauseFunc
}

// secrets are what a host gives to the programs on it, so that nobody else gets a token.
type secrets struct{ appService, serviceFabric, azureML string }

var errClosed = errors.New("imdstest: the server is closed")

var (
	_ http.Handler       = (*Server)(nil)
	_ http.RoundTripper  = (*Server)(nil)
	_ policy.Transporter = (*Server)(nil)
)

// NewServer starts a server on a free port of the loopback interface, and one more for https when that is first needed. It
// is closed when the test ends, with all its connections and files. Nil options are the defaults.
func NewServer(tb testing.TB, opts *Options) *Server {
	tb.Helper()
	s := New(opts)
	s.secure.socket = true
	listener := httptest.NewServer(s)
	s.URL = listener.URL
	tb.Cleanup(func() {
		s.Close()
		s.secure.close()
		// A client that reads no more would otherwise block the end for ever.
		listener.CloseClientConnections()
		listener.Close()
	})
	return s
}

// New returns a server without a socket. Use it as a transport, by RoundTrip or Do, or as an [http.Handler] in a
// program of its own. It is reached over https too, at "https://imds.test", and starts nothing in the background. Nil
// options are the defaults.
func New(opts *Options) *Server {
	s := &Server{
		URL:     "http://imds.test",
		options: opts.filled(),
		secrets: secrets{guid(), guid(), guid()},
	}
	if given := s.options.Secret; given != "" {
		s.secrets = secrets{given, given, given}
	}
	s.certificate = sync.OnceValue(func() tlsIdentity { return newTLSIdentity(s.options.CertificateNames) })
	s.keyFiles.dir = s.options.ArcKeyDir
	s.hosts = s.allHosts()
	s.life, s.end = context.WithCancelCause(context.Background())
	// A context makes its channel when it is first asked. If that were inside a bubble of
	// testing/synctest, no other bubble could use the server.
	s.life.Done()
	return s
}

// Close ends the requests that are under way, such as those that hang: their clients see the connection
// closed. It removes the files that the server wrote: the certificate, the federated token and the key files of Azure Arc.
// It does not close the socket of a program that serves s as a handler. Close may be called
// more than once, and need not be called for a server of [NewServer], or for one that leaves neither a request hanging
// nor a file.
func (s *Server) Close() {
	s.end(io.EOF)
	s.files.close()
	s.keyFiles.close()
}
