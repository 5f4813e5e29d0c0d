// Package fault is what goes wrong with requests: single faults, how they are written as text, and
// scripts of them.
package fault

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/delivery"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Fault is something that goes wrong with a request. The zero value is [OK].
type Fault struct {
	name       string
	silence    silence
	override   *override // in place of the answer that the request deserves
	status     int       // the host answers with this; 0: it does not
	wait       time.Duration
	trickle    time.Duration
	cut        bool
	entraDown  bool
	refusal    *identityapi.Failure // of Entra, when it is asked for a token
	notBound   bool
	retryAfter string
	only       Target // zero: all
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

// An override is an answer that does not depend on the request.
type override struct {
	delivery.Answer
	foreign bool // the reply does not come from the host
}

// Target is a kind of request to which a fault can be limited.
type Target int

// The kinds. Zero is none of them.
const (
	Discovery Target = iota + 1 // of a document, by services that verify tokens
	Keys                        // likewise
	Endpoint                    // for a token, at the host's own endpoint
	Exchange                    // for a token, at Entra's endpoint or the proxy in front of it
)

// forTokens reports whether t is a request for a token.
func (t Target) forTokens() bool { return t == Endpoint || t == Exchange }

// String names the fault, such as "Status(503)".
func (f Fault) String() string {
	if f.name == "" {
		return "OK"
	}
	return f.name
}

// Name returns the fault's name for a log: "" where it is [OK].
func (f Fault) Name() string { return f.name }

// OK leaves a request alone.
func OK() Fault { return Fault{} }

// Status answers with a status, and with what the host sends with it. It panics unless
// [ValidStatus].
func Status(code int) Fault {
	mustBeStatus(code)
	return Fault{name: fmt.Sprintf("Status(%d)", code), status: code}
}

// Error answers with a status and an OAuth error. It panics unless [ValidStatus].
func Error(code int, oauthCode, description string) Fault {
	mustBeStatus(code)
	reply := identityapi.OAuthError(code, oauthCode, description)
	return Fault{
		name:     fmt.Sprintf("Error(%d, %s)", code, oauthCode),
		override: &override{Answer: delivery.Answer{Reply: reply}},
	}
}

// Body answers with a status, a content type, which may be blank, and a body. It panics unless
// [ValidStatus].
func Body(code int, contentType, body string) Fault {
	mustBeStatus(code)
	return foreign(fmt.Sprintf("Body(%d, %s)", code, contentType), identityapi.Text(code, contentType, body))
}

// foreign answers with a reply that does not come from the host.
func foreign(name string, reply identityapi.Reply) Fault {
	return Fault{name: name, override: &override{Answer: delivery.Answer{Reply: reply}, foreign: true}}
}

// NotJSON answers 200 with an HTML page.
func NotJSON() Fault {
	return foreign("NotJSON", identityapi.Text(http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body>Please sign in to use this network.</body></html>\n"))
}

// Huge answers 200 with the beginning of a JSON object that is that many bytes long. The body is
// generated as it is sent, and never held in memory.
func Huge(bytes int64) Fault {
	const opening = `{"access_token":"`
	head := opening[:max(0, min(bytes, int64(len(opening))))]
	f := foreign(fmt.Sprintf("Huge(%d)", bytes), identityapi.Text(http.StatusOK, "application/json; charset=utf-8", head))
	f.override.Padding = max(0, bytes-int64(len(head)))
	return f
}

// Redirect answers 302 with a Location.
func Redirect(url string) Fault {
	reply := identityapi.Text(http.StatusFound, "", "")
	reply.Header.Set("Location", url)
	return foreign(fmt.Sprintf("Redirect(%s)", url), reply)
}

// Slow answers as it should, but after d.
func Slow(d time.Duration) Fault { return Fault{name: fmt.Sprintf("Slow(%v)", d), wait: d} }

// SlowBody answers as it should: the headers at once, the body in small pieces over d.
func SlowBody(d time.Duration) Fault {
	return Fault{name: fmt.Sprintf("SlowBody(%v)", d), trickle: d}
}

// Truncated sends half of the answer.
func Truncated() Fault { return Fault{name: "Truncated", cut: true} }

// Hang accepts the request and never answers it.
func Hang() Fault { return Fault{name: "Hang", silence: hangs} }

// Closed closes the connection without an answer.
func Closed() Fault { return Fault{name: "Closed", silence: closed} }

// Refused is an endpoint where nothing listens.
func Refused() Fault { return Fault{name: "Refused", silence: refused} }

// Dropped is an endpoint that packets do not reach.
func Dropped() Fault { return Fault{name: "Dropped", silence: dropped} }

// EntraDown is an outage of Entra ID while the machine is healthy.
func EntraDown() Fault { return Fault{name: "EntraDown", entraDown: true} }

// WithRetryAfter adds a Retry-After, in whole seconds, rounded up, to every answer but a 2xx.
func (f Fault) WithRetryAfter(d time.Duration) Fault {
	f.name = fmt.Sprintf("%v.WithRetryAfter(%v)", f, d)
	f.retryAfter = strconv.FormatInt(int64((max(0, d)+time.Second-1)/time.Second), 10)
	return f
}

// KeysOnly limits f to requests for keys.
func (f Fault) KeysOnly() Fault { return f.limited("KeysOnly", Keys) }

// DiscoveryOnly limits f to requests for discovery documents.
func (f Fault) DiscoveryOnly() Fault { return f.limited("DiscoveryOnly", Discovery) }

// EndpointOnly limits f to requests to a host's own endpoint.
func (f Fault) EndpointOnly() Fault { return f.limited("EndpointOnly", Endpoint) }

// ExchangeOnly limits f to requests that exchange an assertion.
func (f Fault) ExchangeOnly() Fault { return f.limited("ExchangeOnly", Exchange) }

func (f Fault) limited(name string, only Target) Fault {
	f.name = fmt.Sprintf("%v.%s", f, name)
	f.only = only
	return f
}

// AimedAt returns f limited to one kind of request, unless it is limited to a kind already.
func (f Fault) AimedAt(t Target) Fault {
	if f.only == 0 {
		f.only = t
	}
	return f
}

// Hits reports whether f applies to a request of a kind. A fault that is limited to some documents
// applies to all tokens, and the reverse.
func (f Fault) Hits(t Target) bool {
	return f.only == 0 || f.only == t || f.only.forTokens() != t.forTokens()
}

// EntraDown reports whether f is an outage of Entra ID.
func (f Fault) EntraDown() bool { return f.entraDown }

// Refusal returns what Entra ID answers to requests for a token, or nil if f has no part in it.
func (f Fault) Refusal() *identityapi.Failure {
	if f.entraDown {
		return &identityapi.Failure{Reason: identityapi.EntraDown}
	}
	return f.refusal
}

// NotBound reports whether f is a missing identity binding.
func (f Fault) NotBound() bool { return f.notBound }

// Delay waits as long as f lets a request wait. Its error is what the client sees in place of an
// answer: it comes at once, or when ctx is done.
func (f Fault) Delay(ctx context.Context) error {
	switch f.silence {
	case hangs:
		<-ctx.Done()
		return context.Cause(ctx)
	case dropped:
		<-ctx.Done()
		return &delivery.NoConnection{Err: context.Cause(ctx)}
	case closed:
		return io.EOF
	case refused:
		return &delivery.NoConnection{Refused: true, Err: syscall.ECONNREFUSED}
	}
	return delivery.Sleep(ctx, f.wait)
}

// Host is who answers.
type Host interface {
	Host() identityapi.Host
	// Status returns what is sent with a status, and whether the reply is foreign: it comes from
	// something else than the host.
	Status(code int) (r identityapi.Reply, foreign bool)
}

// Respond returns the answer of h with the fault f: it calls deserved for the normal answer if f
// has none in its place. The answer shares no header with another.
func (f Fault) Respond(h Host, deserved func() identityapi.Reply) delivery.Answer {
	var a delivery.Answer
	foreign := false
	switch {
	case f.override != nil:
		a, foreign = f.override.Answer, f.override.foreign
	case f.status != 0:
		a.Reply, foreign = h.Status(f.status)
	default:
		a.Reply = deserved()
	}
	a.Header = a.Header.Clone()
	if f.retryAfter != "" && a.Status/100 != 2 {
		a.Header.Set("Retry-After", f.retryAfter)
	}
	if server := h.Host().Server; server != "" && !foreign {
		a.Header.Set("Server", server)
	}
	a.Trickle, a.Cut = f.trickle, f.cut
	return a
}

// ValidStatus reports whether a fault can answer with a status: those from 200 to 599.
func ValidStatus(code int) bool { return code >= 200 && code <= 599 }

func mustBeStatus(code int) {
	if !ValidStatus(code) {
		panic(fmt.Sprintf("fault: the status %d is not from 200 to 599", code))
	}
}
