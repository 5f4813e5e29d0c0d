package imdstest

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"syscall"
)

// A call is a request as it looks on the wire, whichever front end brought it.
type call struct {
	method, path string
	query        url.Values
	queryErr     error
	header       http.Header // in canonical form
	base         string      // scheme and host that the client used
}

func newCall(r *http.Request, base string) call {
	c := call{method: r.Method, path: r.URL.EscapedPath(), header: make(http.Header, len(r.Header)), base: base}
	if c.method == "" {
		c.method = http.MethodGet
	}
	c.query, c.queryErr = url.ParseQuery(r.URL.RawQuery)
	for name, values := range r.Header {
		name = http.CanonicalHeaderKey(name)
		c.header[name] = append(c.header[name], values...)
	}
	return c
}

// An exchange is one request under way. Its context ends with the client's or with the server's life.
type exchange struct {
	server *Server
	call   call
	ctx    context.Context
	fault  Fault
	entry  *Request // its place in the log; nil for discovery
	landed func()   // the client has all of the answer
	end    func()   // the exchange is over
}

func (s *Server) begin(ctx context.Context, c call) *exchange {
	x := &exchange{server: s, call: c, landed: func() {}}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	if err := context.Cause(s.life); err != nil {
		cancel(err) // at once: what AfterFunc starts may be late
	}
	x.ctx = ctx
	if _, _, ok := discoveryPath(c.path); !ok {
		x.fault = s.script.take()
		x.entry = s.log.begin(c, x.fault)
		x.landed = sync.OnceFunc(s.log.end)
	}
	x.end = func() {
		x.landed()
		stop()
		cancel(http.ErrBodyReadAfterClose)
	}
	return x
}

// answer decides what the client gets, after the wait that the fault imposes. The error is what the client
// sees in place of an answer.
func (x *exchange) answer() (reply, error) {
	switch f := x.fault; f.silence {
	case hangs, dropped:
		<-x.ctx.Done()
		return reply{}, context.Cause(x.ctx)
	case closed:
		return reply{}, io.EOF
	case refused:
		return reply{}, syscall.ECONNREFUSED
	}
	if err := sleep(x.ctx, x.fault.wait); err != nil {
		return reply{}, err
	}
	r := x.right()
	if x.entry != nil {
		x.server.log.answered(x.entry, r)
	}
	return x.fault.shape(r), nil
}

// right returns the answer that the request deserves, or the one that the fault has in its place.
func (x *exchange) right() reply {
	switch {
	case x.fault.instead != nil:
		return *x.fault.instead
	case x.entry == nil:
		return x.server.discovery(x.call)
	default:
		return x.server.imds(x.call, x.fault.entraDown)
	}
}
