package imdstest

import "crypto/tls"

// TLSConfig returns the configuration of the server's https side, for tests that serve it over a
// pipe.
func (s *Server) TLSConfig() *tls.Config { return s.engine.Certificate().TLSConfig() }
