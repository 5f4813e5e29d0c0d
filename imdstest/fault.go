package imdstest

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
)

// Fault is something that goes wrong with a token request, or with one for the issuer's documents.
// The zero value is [OK].
type Fault struct{ fault fault.Fault }

// String names the fault, such as "Status(503)".
func (f Fault) String() string { return f.fault.String() }

// OK leaves a request alone. It fills a place in a script.
func OK() Fault { return Fault{} }

// Status answers with a status from 200 to 599, and with the body that the host which is asked
// sends with it. It panics on any other. These have a body; all else is answered without one:
//
//   - IMDS: 400, "Identity not found"; 403, Docker Desktop's text; 500, Entra cannot be reached
//   - App Service, Azure Arc, Azure ML: 400, the identity is not there; 500
//   - Service Fabric: 400; 404, the identity is not there; 429, in plain text; 500
//   - Cloud Shell: 400
//   - workload identity: 400, the client is unknown; 401, the assertion is refused; 429, 500 and up
//   - identity binding: 401 and 403, a Status of Kubernetes; else as workload identity
//   - discovery and keys: 429, 500 and up
//
// Status(500) on App Service is also what a lasting refusal of Entra ID looks like there: the host
// does not pass on the reason, but has a correlation id.
func Status(code int) Fault { return Fault{fault.Status(code)} }

// Error answers with a status from 200 to 599 and an OAuth error as JSON; it panics on any other
// status.
func Error(code int, oauthCode, description string) Fault {
	return Fault{fault.Error(code, oauthCode, description)}
}

// Body answers with a status from 200 to 599, a content type and a body, for replies that no real
// endpoint should send. A blank content type means none. Body panics on any other status.
func Body(code int, contentType, body string) Fault {
	return Fault{fault.Body(code, contentType, body)}
}

// NotJSON answers 200 with an HTML page, as captive portals and some proxies do.
func NotJSON() Fault { return Fault{fault.NotJSON()} }

// Huge answers 200 with the beginning of a JSON object that is that many bytes long, without a
// Content-Length. The body is generated as it is sent, and never held in memory.
func Huge(bytes int64) Fault { return Fault{fault.Huge(bytes)} }

// Redirect answers 302 with a Location.
func Redirect(url string) Fault { return Fault{fault.Redirect(url)} }

// Slow answers as it should, but after d.
func Slow(d time.Duration) Fault { return Fault{fault.Slow(d)} }

// SlowBody answers as it should: the headers at once, the body in small pieces over d.
func SlowBody(d time.Duration) Fault { return Fault{fault.SlowBody(d)} }

// Truncated sends half of the answer: less than its Content-Length promises.
func Truncated() Fault { return Fault{fault.Truncated()} }

// Hang accepts the request and never answers it, until the client disconnects or the server is
// closed. This is one of the ways in which IMDS fails.
func Hang() Fault { return Fault{fault.Hang()} }

// Closed closes the connection without an answer: the client sees [io.EOF]. Over a socket, a client
// of net/http sends the request again by itself if the connection had served it before.
func Closed() Fault { return Fault{fault.Closed()} }

// Refused is an endpoint where nothing listens. This is one of the ways in which IMDS fails.
// Without a socket the client gets the error of a refused connection, and aztoken's is then
// aztoken.ErrNoManagedIdentity. Over a socket the port must stay the server's own, so that the
// connection is reset instead: something listens there, and aztoken's error is another one. Use
// [New] for a test of a machine without an endpoint. See [Closed] for what net/http makes of a
// reset.
func Refused() Fault { return Fault{fault.Refused()} }

// Dropped is an endpoint that packets do not reach. This is one of the ways in which IMDS fails.
// Without a socket the request waits for its context and then fails as a connection attempt does;
// there is no other time limit. Over a socket it is the same as [Hang].
func Dropped() Fault { return Fault{fault.Dropped()} }

// EntraDown is an outage of Entra ID while the machine is healthy. The platform still returns the
// tokens that it keeps, however old, while they are valid; for any other it answers 500. Workload
// identity, which has no platform in between, answers 503.
//
// With [Server.Break] or [Server.BreakFor], requests for discovery and keys get 503 too. With
// [Issuer.Break] only these get 503, and tokens are issued as usual.
func EntraDown() Fault { return Fault{fault.EntraDown()} }

// EntraRefuses is a refusal of Entra ID, which the host passes on in its own form: number is the
// one after AADSTS, and text follows it. The answer has a trace id and a correlation id. The tokens
// that the platform keeps are still given out until it would mint another. App Service does not
// pass on the reason and answers 500. This is an identity without a role where assignment is
// required:
//
//	imds.Break(imdstest.EntraRefuses(501051, "Application 'x' is not assigned to a role."))
func EntraRefuses(number int, text string) Fault { return Fault{fault.EntraRefuses(number, text)} }

// EC2 is the metadata service of Amazon's cloud at IMDS's address, which does not have the path:
// the program does not run on Azure.
func EC2() Fault { return Fault{fault.EC2()} }

// GCE is the metadata service of Google's cloud at IMDS's address, which does not have the path:
// the program does not run on Azure.
func GCE() Fault { return Fault{fault.GCE()} }

// NoDefaultIdentity is the answer of some hosts to a request for an identity that is not assigned:
// a 404 whose error has the code DefaultIdentityNotDefined. It is a mistake and not an outage.
func NoDefaultIdentity() Fault { return Fault{fault.NoDefaultIdentity()} }

// NotBound is a cluster in which no role lets the service account of [Server.IdentityBinding] use
// the identity: 403 with a Status of Kubernetes. Microsoft has not published what the real proxy
// says; this is what an API server does. It makes a difference to identity bindings only.
func NotBound() Fault { return Fault{fault.NotBound()} }

// WithRetryAfter adds a Retry-After, in whole seconds, rounded up, to every answer but a 2xx.
func (f Fault) WithRetryAfter(d time.Duration) Fault { return Fault{f.fault.WithRetryAfter(d)} }

// KeysOnly limits f to requests for keys; those for discovery documents are answered normally. It
// makes a difference to [Issuer.Break] and [Issuer.BreakFor] only.
func (f Fault) KeysOnly() Fault { return Fault{f.fault.KeysOnly()} }

// DiscoveryOnly limits f to requests for discovery documents; those for keys are answered normally.
// It makes a difference to [Issuer.Break], [Issuer.BreakFor] and [Issuer.Next] only.
func (f Fault) DiscoveryOnly() Fault { return Fault{f.fault.DiscoveryOnly()} }

// EndpointOnly limits f to requests to a host's own endpoint; those that exchange an assertion are
// answered normally. It makes a difference to [Server.Break], [Server.BreakFor] and [Server.Next]
// only. This is a machine whose endpoint is down while Entra ID works:
//
//	imds.Break(imdstest.Refused().EndpointOnly())
func (f Fault) EndpointOnly() Fault { return Fault{f.fault.EndpointOnly()} }

// ExchangeOnly limits f to requests that exchange an assertion for a token, at Entra ID itself or
// at the token proxy of AKS; those to a host's own endpoint are answered normally. It makes a
// difference to [Server.Break], [Server.BreakFor] and [Server.Next] only.
func (f Fault) ExchangeOnly() Fault { return Fault{f.fault.ExchangeOnly()} }
