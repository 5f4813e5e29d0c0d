package imdstest

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// A secureSide is where a server is reached over https.
type secureSide struct {
	socket bool // it is a separate listener, which starts when it is first needed

	mu       sync.Mutex
	listener *httptest.Server
	closed   bool
}

// secureURL returns the address of the server over https, without a path.
func (s *Server) secureURL() string {
	switch {
	case s.secure.socket:
		return s.startSecure().URL
	case strings.HasPrefix(s.URL, "https://"):
		return s.URL // of a program that serves s over TLS
	default:
		return "https://imds.test"
	}
}

// CertificateFile returns the name of a PEM file with the server's certificate, for programs that
// the test starts: SSL_CERT_FILE has it for Go and OpenSSL, NODE_EXTRA_CA_CERTS for Node.
// [Server.Close] removes it.
func (s *Server) CertificateFile() string {
	file, err := s.engine.CertificateFile()
	mustWrite(err)
	return file
}

// Client returns an HTTP client that trusts the server's certificate. For a server without a socket
// it is one whose transport is the server itself.
func (s *Server) Client() *http.Client {
	if s.secure.socket {
		return s.startSecure().Client()
	}
	return &http.Client{Transport: s}
}

// TLSConfig returns the configuration of the server's https side, for a program or a test that
// serves it with its own listener. It presents the certificate of the token proxy to clients that
// ask for the proxy's name, and the server's own certificate to all others.
func (s *Server) TLSConfig() *tls.Config { return s.engine.TLSConfig() }

func (s *Server) startSecure() *httptest.Server {
	s.secure.mu.Lock()
	defer s.secure.mu.Unlock()
	if s.secure.closed {
		panic("imdstest: the server is closed")
	}
	if s.secure.listener == nil {
		l := httptest.NewUnstartedServer(s)
		l.TLS = s.TLSConfig()
		// A client that does not trust the certificate reports that itself.
		l.Config.ErrorLog = log.New(io.Discard, "", 0)
		l.StartTLS()
		s.secure.listener = l
	}
	return s.secure.listener
}

// close ends the listener with all its connections.
func (s *secureSide) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.listener != nil {
		// A client that has stopped reading would otherwise block the end forever.
		s.listener.CloseClientConnections()
		s.listener.Close()
		s.listener = nil
	}
}
