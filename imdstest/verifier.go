package imdstest

import (
	"testing"

	"github.com/seed-ac726066/aztoken/verify"
)

// VerifierOptions returns a copy of opts for a service that trusts this server. If they are blank,
// it sets Tenants to the server's (unless AnyTenant is set), Authority to the server's address, and
// HTTPClient to a client that reaches it. Nil opts are blank.
//
// Tokens have only the roles of [Identity.Roles], so by default none: a service that requires no
// role sets AllowRoleless.
func (s *Server) VerifierOptions(o *verify.Options) *verify.Options {
	opts := &verify.Options{}
	if o != nil {
		*opts = *o
	}
	if len(opts.Tenants) == 0 && !opts.AnyTenant {
		opts.Tenants = []string{s.engine.Issuer().TenantID()}
	}
	if opts.Authority == "" {
		opts.Authority = s.authority()
	}
	if opts.HTTPClient == nil {
		opts.HTTPClient = s.Client()
	}
	return opts
}

// Verifier returns a verifier with [Server.VerifierOptions], for a service under test. It is closed
// when the test ends. Options that package verify refuses fail the test. Inside a bubble of
// [testing/synctest], use [New], and create the verifier in the bubble.
func (s *Server) Verifier(tb testing.TB, opts *verify.Options) *verify.Verifier {
	tb.Helper()
	v, err := verify.New(s.VerifierOptions(opts))
	if err != nil {
		tb.Fatalf("imdstest: making a verifier: %v", err)
	}
	tb.Cleanup(func() {
		if err := v.Close(); err != nil {
			tb.Errorf("imdstest: closing a verifier: %v", err)
		}
	})
	return v
}

// authority returns the address of the issuer. Over a socket that is plain http on loopback, for
// which every HTTP client is good enough.
func (s *Server) authority() string {
	if s.secure.socket {
		return s.URL
	}
	return s.secureURL()
}
