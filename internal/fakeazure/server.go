// Package fakeazure plays the identity endpoints of every Azure host at once, and the token issuer
// behind them. It is the engine of package imdstest and of the command aztoken fake.
//
//	delivery     brings answers to clients, over a socket or without one
//	fault        what goes wrong, and scripts of it
//	wirelog      what was asked
//	platform     the machine's identities, and the tokens that are kept for them
//	issuer       keys, tokens and the documents by which services verify
//	federation   how Entra ID judges assertions
//	cluster      the Kubernetes cluster of workload identity and identity bindings
//	tokenproxy   the certificates of the token proxy of identity bindings
//	certificate  those of the https side
//	files        what programs read from files
//
// Package identityapi has how each host checks requests and words its answers.
package fakeazure

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/certificate"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/cluster"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/delivery"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/files"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/platform"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/tokenproxy"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
	"github.com/seed-ac726066/aztoken/internal/guid"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// What a server has where its [Options] are blank.
const (
	DefaultTenantID = "7e000000-0000-4000-8000-000000000001"
	DefaultClientID = "c0000000-0000-4000-8000-000000000001" // of the first identity
	DefaultObjectID = "0b000000-0000-4000-8000-000000000001" // of the first identity

	DefaultApplicationID       = "a0000000-0000-4000-8000-000000000001" // of the first application
	DefaultApplicationObjectID = "0a000000-0000-4000-8000-000000000001" // of the first application

	defaultLifetime  = 24 * time.Hour
	defaultMintAfter = time.Hour
)

// Options say what a server plays. The zero value is a machine with one system-assigned identity
// that may have a token for every resource.
type Options struct {
	TenantID       string              // a GUID; blank: DefaultTenantID
	Tenants        []string            // further ones that exist; those of applications are added
	Identities     []platform.Identity // nil: one system-assigned; empty, but not nil: none
	Resources      []string            // that the tenant knows; nil: every resource
	TokenLifetime  time.Duration       // in whole seconds; zero: 24 hours
	MintAfter      time.Duration       // see platform.Options; zero: one hour
	TokenVersion   int                 // 1 or 2; 0: 1
	OptionalClaims []string            // see issuer.Options
	ArcKeyDir      string              // of Azure Arc's keys; blank: the agent's own

	Applications []platform.Application // app registrations of the tenant
	ProxyCAData  bool                   // the proxy's authority is in a variable and not in a file

	// Secret is what a program shows to App Service, container instances, Service Fabric and Azure
	// ML. Blank: one for each, at random.
	Secret string
	// CertificateNames are further DNS names and IP addresses that the certificate is for.
	CertificateNames []string
	// OnRequest is called with each request once its client has all of the answer or has given up.
	// Calls may come at the same time. Nil: no call.
	OnRequest func(wirelog.Request)
}

// Server plays the endpoints. It is safe for concurrent use.
type Server struct {
	Tokens    Traffic // faults and log of token requests
	Documents Traffic // faults and log of requests for the issuer's documents

	TokenProxy *tokenproxy.Proxy // what pods with an identity binding trust

	issuer      *issuer.Issuer
	platform    *platform.Platform
	cluster     *cluster.Cluster
	secrets     secrets
	binding     identityapi.IdentityBinding
	proxyCAData bool
	hosts       []host
	onRequest   func(wirelog.Request)
	certificate func() certificate.Certificate // made when it is first needed

	files   files.Dir
	arcKeys *files.ArcKeys

	life context.Context // ends with Close
	end  context.CancelCauseFunc
}

// secrets are what a host shares with the programs on it, so that only these get a token.
type secrets struct{ appService, containerInstances, serviceFabric, azureML string }

// New returns a server, which starts nothing in the background. Its error names the option that is
// wrong.
func New(o Options) (*Server, error) {
	tokens, err := issuer.New(issuer.Options{
		TenantID:       orDefault(o.TenantID, DefaultTenantID),
		Tenants:        o.allTenants(),
		TokenVersion:   orDefault(o.TokenVersion, 1),
		OptionalClaims: o.OptionalClaims,
		TokenLifetime:  orDefault(o.TokenLifetime, defaultLifetime),
	})
	if err != nil {
		return nil, err
	}
	s := &Server{
		issuer:      tokens,
		secrets:     secrets{guid.New(), guid.New(), guid.New(), guid.New()},
		binding:     identityapi.IdentityBinding{ServerName: tokenproxy.ServerName(), ServiceAccount: cluster.ServiceAccount},
		proxyCAData: o.ProxyCAData,
		onRequest:   o.OnRequest,
		arcKeys:     files.NewArcKeys(o.ArcKeyDir),
	}
	if o.Secret != "" {
		s.secrets = secrets{o.Secret, o.Secret, o.Secret, o.Secret}
	}
	names := slices.Clone(o.CertificateNames)
	s.certificate = sync.OnceValue(func() certificate.Certificate { return certificate.New(names...) })
	s.cluster = cluster.New(s.issuer, &s.files)
	s.TokenProxy = tokenproxy.New(&s.files)
	s.platform, err = platform.New(s.issuer, s.cluster, platform.Options{
		Identities: o.Identities, Resources: o.Resources, MintAfter: orDefault(o.MintAfter, defaultMintAfter),
		Applications: o.Applications,
	})
	if err != nil {
		return nil, err
	}
	s.hosts = s.allHosts()
	s.life, s.end = context.WithCancelCause(context.Background())
	// A context makes its channel when it is first asked. If that were inside a bubble of
	// testing/synctest, no other bubble could use the server.
	s.life.Done()
	return s, nil
}

// allTenants returns every tenant but the home.
func (o Options) allTenants() []string {
	all := slices.Clone(o.Tenants)
	for _, a := range o.Applications {
		all = append(all, a.Tenants...)
	}
	return all
}

func orDefault[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// Close ends the requests that are under way, such as those that hang: their clients see the
// connection closed. It removes the files that the server wrote. It may be called more than once.
func (s *Server) Close() {
	s.end(io.EOF)
	s.files.Close()
	s.arcKeys.Close()
}

// ServeHTTP answers over a socket. Where a fault calls for a broken connection it panics with
// [http.ErrAbortHandler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { delivery.Serve(w, r, s.begin) }

// RoundTrip answers without a socket; the host of the request does not matter: see
// [delivery.RoundTrip].
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	return delivery.RoundTrip(r, s.begin, func(host string) *tls.ConnectionState {
		return s.Certificate().ConnectionState(host)
	})
}

// TLSConfig returns the configuration of the https side. It shows the proxy's certificate in
// handshakes that name the proxy. No session is resumed, so that every connection uses the current
// certificate.
func (s *Server) TLSConfig() *tls.Config {
	config := s.Certificate().TLSConfig()
	config.GetCertificate = s.TokenProxy.Certificate
	config.SessionTicketsDisabled = true
	return config
}

// HasApplications reports whether programs need the address of Entra ID to act as one.
func (s *Server) HasApplications() bool { return s.platform.HasApplications() }

// Certificate returns the certificate of the https side.
func (s *Server) Certificate() certificate.Certificate { return s.certificate() }

// CertificateFile returns the path of a PEM file with the certificate, which Close removes.
func (s *Server) CertificateFile() (string, error) {
	return s.files.Write("certificate.pem", s.Certificate().PEM())
}

// Issuer returns the token issuer.
func (s *Server) Issuer() *issuer.Issuer { return s.issuer }

// Identities returns the machine's identities: see [platform.Platform.Identities].
func (s *Server) Identities() []platform.Identity { return s.platform.Identities() }

// Mint returns a token that no endpoint would issue: see [platform.Platform.Mint].
func (s *Server) Mint(resource string, edits ...func(*issuer.JWT)) (string, error) {
	return s.platform.Mint(resource, edits...)
}

// RotateFederatedToken puts new tokens into the files of workload identity and identity bindings,
// as the kubelet does. The ones before are no longer accepted.
func (s *Server) RotateFederatedToken() error { return s.cluster.Rotate() }
