package imdstest

import (
	"testing"

	"github.com/seed-ac726066/aztoken/verify"
)

// Verifier returns a verifier of this server's tokens, as a service has one that is under test. It is closed when the test
// ends. Where opts are blank it fills in Tenants with the server's, unless AnyTenant is set, Authority with the server's address, and
// HTTPClient with one that reaches it. Options that package verify refuses fail the test.
//
// Tokens have only the roles of [Identity.Roles], and so by default none: a service that wants none sets AllowRoleless. Inside
// a bubble of [testing/synctest], use [New], and make the verifier in the bubble.
func (s *Server) Verifier(tb testing.TB, opts verify.Options) *verify.Verifier {
	tb.Helper()
	if len(opts.Tenants) == 0 && !opts.AnyTenant {
		opts.Tenants = []string{s.options.TenantID}
	}
	if opts.Authority == "" {
		opts.Authority = s.authority()
	}
	if opts.HTTPClient == nil {
		opts.HTTPClient = s.Client()
	}
	v, err := verify.New(opts)
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

// authority returns the address of the issuer. Over a socket that is plain http on loopback, for which every HTTP client is
// good enough.
func (s *Server) authority() string {
	if s.secure.socket {
		return s.URL
	}
	return s.secureURL()
}
