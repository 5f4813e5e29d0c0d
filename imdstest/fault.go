package imdstest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Fault is something that goes wrong with a token request, or with one for the issuer's documents. The zero value is [OK].
type Fault struct {
	name       string
	silence    silence
	instead    *reply // in place of the right answer
	status     int    // the host answers with this, in place of the right answer; 0: it does not
	wait       time.Duration
	over       time.Duration
	cut        bool
	entraDown  bool
	retryAfter string
	only       document // of the issuer's; zero: both
}

// A silence is a way of not answering.
type silence int

const (
	answered silence = iota
	hangs
	closed
	refused
	dropped
)

// String names the fault, such as "Status(503)".
func (f Fault) String() string {
	if f.name == "" {
		return "OK"
	}
	return f.name
}

// OK is no fault: a place in a script.
func OK() Fault { return Fault{} }

// Status answers with a status from 200 to 599, and with the body that the host which is asked sends with it. It panics on
// any other. These have a body; all else is answered without one:
//
//   - IMDS: 400, "Identity not found"; 403, the text of Docker Desktop; 500, Entra cannot be reached
//   - App Service, Azure Arc, Azure ML: 400, the identity is not there; 500
//   - Service Fabric: 400; 404, the identity is not there; 429, in plain text; 500
//   - Cloud Shell: 400
//   - workload identity: 400, the client is not there; 401, the assertion is refused; 429 and from 500 on
//   - discovery and keys: 429 and from 500 on
func Status(code int) Fault {
	mustBeStatus(code)
	return Fault{name: fmt.Sprintf("Status(%d)", code), status: code}
}

// Error answers with a status from 200 to 599 and an OAuth error as JSON; it panics on any other status.
func Error(code int, oauthCode, description string) Fault {
	mustBeStatus(code)
	r := oauthError(code, oauthCode, description)
	return Fault{name: fmt.Sprintf("Error(%d, %s)", code, oauthCode), instead: &r}
}

// Body answers with a status from 200 to 599, a content type and a body, for replies that no real endpoint should send.
// A blank content type is none. It panics on any other status.
func Body(code int, contentType, body string) Fault {
	mustBeStatus(code)
	r := plainReply(code, contentType, body)
	r.foreign = true
	return Fault{name: fmt.Sprintf("Body(%d, %s)", code, contentType), instead: &r}
}

// NotJSON answers 200 with an HTML page, as captive portals and some proxies do.
func NotJSON() Fault {
	f := Body(http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>Please sign in to use this network.</body></html>\n")
	f.name = "NotJSON"
	return f
}

// Huge answers 200 with the beginning of a JSON object that goes on for so many bytes and tells no
// length. It is made as it is sent, and never held in memory.
func Huge(bytes int64) Fault {
	const opening = `{"access_token":"`
	head := opening[:max(0, min(bytes, int64(len(opening))))]
	f := Body(http.StatusOK, contentTypeJSON, head)
	f.name = fmt.Sprintf("Huge(%d)", bytes)
	f.instead.filler = max(0, bytes-int64(len(head)))
	return f
}

// Redirect answers 302 with a Location.
func Redirect(url string) Fault {
	f := Body(http.StatusFound, "", "")
	f.name = fmt.Sprintf("Redirect(%s)", url)
	f.instead.header.Set("Location", url)
	return f
}

// Slow gives the right answer, but after d.
func Slow(d time.Duration) Fault { return Fault{name: fmt.Sprintf("Slow(%v)", d), wait: d} }

// SlowBody gives the right answer: its headers at once, its body in small pieces over d.
func SlowBody(d time.Duration) Fault { return Fault{name: fmt.Sprintf("SlowBody(%v)", d), over: d} }

// Truncated gives half of the right answer: less than its Content-Length promises.
func Truncated() Fault { return Fault{name: "Truncated", cut: true} }

// Hang accepts the request and never answers it, until the client goes away or the server is closed. It is
// one of the ways in which IMDS is down.
func Hang() Fault { return Fault{name: "Hang", silence: hangs} }

// Closed closes the connection without an answer: the client sees [io.EOF]. Over a socket, a client of
// net/http sends the request again by itself if the connection had served it before.
func Closed() Fault { return Fault{name: "Closed", silence: closed} }

// Refused is an endpoint where nothing listens. It is one of the ways in which IMDS is down. Without a socket the
// client gets the error of a refused connection. Over a socket the connection is reset instead, as the
// port must stay the server's own; see [Closed] for what net/http makes of that.
func Refused() Fault { return Fault{name: "Refused", silence: refused} }

// Dropped is an endpoint that packets do not reach. It is one of the ways in which IMDS is down. Without
// a socket the request waits for its context and then fails as a connection attempt does; there is no other time limit.
// Over a socket it is the same as [Hang].
func Dropped() Fault { return Fault{name: "Dropped", silence: dropped} }

// EntraDown is an outage of Entra ID, with the machine in good health. The tokens that the platform
// keeps are still given out, however old, while they are valid; for any other it answers 500. Workload identity, where
// no platform is in between, answers 503.
// While [Server.Break] or [Server.BreakFor] has it in force, discovery and keys are answered with 503. With
// [Server.BreakKeys] they are, and tokens are given out as ever.
func EntraDown() Fault { return Fault{name: "EntraDown", entraDown: true} }

// WithRetryAfter adds a Retry-After, in whole seconds, rounded up, to every answer but a 2xx.
func (f Fault) WithRetryAfter(d time.Duration) Fault {
	f.name = fmt.Sprintf("%v.WithRetryAfter(%v)", f, d)
	f.retryAfter = strconv.FormatInt(int64((max(0, d)+time.Second-1)/time.Second), 10)
	return f
}

// KeysOnly lets only requests for keys suffer f, and not those for discovery documents. It makes a difference to
// [Server.BreakKeys] and [Server.BreakKeysFor] only.
func (f Fault) KeysOnly() Fault { return f.limited("KeysOnly", keyDocument) }

// DiscoveryOnly lets only requests for discovery documents suffer f, and not those for keys. It makes a difference to
// [Server.BreakKeys], [Server.BreakKeysFor] and [Server.NextKeys] only.
func (f Fault) DiscoveryOnly() Fault { return f.limited("DiscoveryOnly", discoveryDocument) }

func (f Fault) limited(name string, only document) Fault {
	f.name = fmt.Sprintf("%v.%s", f, name)
	f.only = only
	return f
}

// hits tells whether a request for a document of the issuer suffers f.
func (f Fault) hits(d document) bool { return f.only == 0 || f.only == d }

// shape returns an answer as the fault lets it through. It shares no header with r.
func (f Fault) shape(r reply) reply {
	r.header = r.header.Clone()
	if f.retryAfter != "" && r.status/100 != 2 {
		r.header.Set("Retry-After", f.retryAfter)
	}
	r.over, r.cut = f.over, f.cut
	return r
}

func mustBeStatus(code int) {
	if code < 200 || code > 599 {
		panic(fmt.Sprintf("imdstest: %d is no status from 200 to 599", code))
	}
}
