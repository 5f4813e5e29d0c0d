package imdstest

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sync"
	"syscall"
)

// A call is a request as it looks on the wire, whichever front end brought it.
type call struct {
	method, path string
	query, form  url.Values // form: the parameters of the body
	queryErr     error
	formErr      error
	header       http.Header // in canonical form
	base         string      // scheme and host that the client used
}

func newCall(r *http.Request, base string, body []byte) call {
	c := call{method: r.Method, path: r.URL.EscapedPath(), header: make(http.Header, len(r.Header)), base: base}
	if c.method == "" {
		c.method = http.MethodGet
	}
	c.query, c.queryErr = url.ParseQuery(r.URL.RawQuery)
	c.form, c.formErr = parseForm(r.Header, body)
	for name, values := range r.Header {
		name = http.CanonicalHeaderKey(name)
		c.header[name] = append(c.header[name], values...)
	}
	return c
}

// maxRequestBody is far more than any token request carries.
const maxRequestBody = 64 << 10

// readBody returns the body of a request, and at most one byte more than it may have.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	return io.ReadAll(io.LimitReader(r.Body, maxRequestBody+1))
}

// parseForm reads a body that says that it is a form. Of any other nothing is taken, not even for the log: who knows
// what is in it.
func parseForm(header http.Header, body []byte) (url.Values, error) {
	if len(body) == 0 {
		return nil, nil
	}
	if mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type")); mediaType != "application/x-www-form-urlencoded" {
		return nil, nil
	}
	if len(body) > maxRequestBody {
		return nil, fmt.Errorf("a body of more than %d bytes", maxRequestBody)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	return form, nil
}

// An exchange is one request under way. Its context ends with the client's or with the server's life.
type exchange struct {
	server *Server
	call   call
	ctx    context.Context
	host   host
	fault  Fault
	log    *requestLog // nil: it is in none
	entry  *Request    // its place in the log
	landed func()      // the client has all of the answer
	end    func()      // the exchange is over
}

func (s *Server) begin(ctx context.Context, c call) *exchange {
	x := &exchange{server: s, call: c, landed: func() {}}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	if err := context.Cause(s.life); err != nil {
		cancel(err) // at once: what AfterFunc starts may be late
	}
	x.ctx = ctx
	if _, document, ok := discoveryPath(c.path); ok {
		x.host = s.entra()
		x.fault, x.log = s.documents.meet(document)
	} else {
		x.host = s.hostOf(c)
		x.fault, x.log = s.script.take(), &s.log
	}
	if x.log != nil {
		x.entry = x.log.begin(x.host.name, c, x.fault)
		x.landed = sync.OnceFunc(func() {
			entry := x.log.end(x.entry)
			if s.options.OnRequest != nil {
				s.options.OnRequest(entry)
			}
		})
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
	if x.log != nil {
		x.log.answered(x.entry, r)
	}
	r = x.fault.shape(r)
	if x.host.server != "" && !r.foreign {
		r.header.Set("Server", x.host.server)
	}
	return r, nil
}

// right returns the answer that the request deserves, or the one that the fault has in its place.
func (x *exchange) right() reply {
	switch {
	case x.fault.instead != nil:
		return *x.fault.instead
	case x.fault.status != 0:
		return x.host.status(x.fault.status)
	default:
		return x.host.answer(x.call, x.fault.entraDown)
	}
}
