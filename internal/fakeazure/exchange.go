package fakeazure

import (
	"context"
	"net/http"
	"sync"

	"github.com/seed-ac726066/aztoken/internal/fakeazure/delivery"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/fault"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/issuer"
	"github.com/seed-ac726066/aztoken/internal/fakeazure/wirelog"
	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// An exchange is one request under way. It implements [delivery.Exchange].
type exchange struct {
	ctx     context.Context // ends with the client's or with the server's life
	fault   fault.Fault
	host    fault.Host
	respond func() (r identityapi.Reply, minted bool) // the answer without a fault
	entry   *wirelog.Entry                            // nil: it is in no log
	landed  func()
	end     func()
}

// begin takes the fault of a request and puts it into the log.
func (s *Server) begin(ctx context.Context, c identityapi.Call) delivery.Exchange {
	x := &exchange{landed: func() {}}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	if err := context.Cause(s.life); err != nil {
		cancel(err) // at once: what AfterFunc starts may be late
	}
	x.ctx = ctx
	behind, proxied := s.binding.Behind(c)
	document := issuer.DocumentAt(behind.Path)
	switch {
	case document == issuer.NoDocument, s.binding.Astray(c):
		h := s.hostOf(c)
		x.host, x.fault = h, s.Tokens.TakeFor(h.target())
		x.respond = func() (identityapi.Reply, bool) { return s.answer(ctx, h, c, x.fault) }
		x.record(&s.Tokens.Log, c, s.onRequest)
	case document == issuer.Instance && !proxied:
		// Questions of clients about an authority meet no fault and are not logged.
		x.host, x.respond = documents{s.issuer}, func() (identityapi.Reply, bool) { return s.document(c, x.fault), false }
	default:
		x.host, x.fault = documents{s.issuer}, s.Documents.takeFor(document)
		x.respond = func() (identityapi.Reply, bool) {
			if refusal := s.binding.Admit(c); proxied && refusal != nil {
				return *refusal, false
			}
			return s.document(behind, x.fault), false
		}
		x.record(&s.Documents.Log, c, s.onRequest)
	}
	x.end = func() {
		x.landed()
		stop()
		cancel(http.ErrBodyReadAfterClose)
	}
	return x
}

// record puts the request into a log. Its end is told to onRequest.
func (x *exchange) record(log *wirelog.Log, c identityapi.Call, onRequest func(wirelog.Request)) {
	entry := log.Begin(x.host.Host().Name, c, x.fault.Name())
	x.entry = &entry
	x.landed = sync.OnceFunc(func() {
		over := entry.End()
		if onRequest != nil {
			onRequest(over)
		}
	})
}

// document returns the answer to a request for a document. An outage of Entra ID is one of these
// too, whichever script has it.
func (s *Server) document(c identityapi.Call, f fault.Fault) identityapi.Reply {
	if f.EntraDown() || s.Tokens.CurrentFault().EntraDown() {
		return s.issuer.Status(http.StatusServiceUnavailable)
	}
	return s.issuer.Document(c)
}

// Context ends with the client's or with the server's life.
func (x *exchange) Context() context.Context { return x.ctx }

// Answer decides what the client gets, after the wait that the fault imposes.
func (x *exchange) Answer() (delivery.Answer, error) {
	if err := x.fault.Delay(x.ctx); err != nil {
		return delivery.Answer{}, err
	}
	minted := false
	answer := x.fault.Respond(x.host, func() (r identityapi.Reply) {
		r, minted = x.respond()
		return r
	})
	if x.entry != nil {
		x.entry.Answered(answer.Status, minted)
	}
	return answer, nil
}

// Landed says that the client has all of the answer.
func (x *exchange) Landed() { x.landed() }

// End says that the exchange is over.
func (x *exchange) End() { x.end() }
