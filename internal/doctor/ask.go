package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken/internal/hosts"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// answer is the result of one request to the endpoint.
type answer struct {
	token   azcore.AccessToken
	failure *wire.Failure // nil if there is a token

	sent        bool          // a request went out
	connected   bool          // a connection was made
	connectTook time.Duration // until then
	took        time.Duration // in total
	header      http.Header   // of the last answer; nil for none
	at          time.Time     // of the last answer
}

// recorder records details that a source does not return.
type recorder struct {
	mu    sync.Mutex
	start time.Time
	seen  answer
}

// Do implements [policy.Policy].
func (r *recorder) Do(req *policy.Request) (*http.Response, error) {
	r.note(func(a *answer) { a.sent = true })
	resp, err := req.Next()
	if err == nil && resp != nil {
		r.note(func(a *answer) { a.header, a.at = resp.Header.Clone(), time.Now() })
	}
	return resp, err
}

func (r *recorder) note(f func(*answer)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.seen)
}

func (r *recorder) reset() {
	r.note(func(a *answer) { *a, r.start = answer{}, time.Now() })
}

// ask makes one request to source, which r records.
func (r *recorder) ask(ctx context.Context, source hosts.Source, resource string) answer {
	r.reset()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		r.note(func(a *answer) {
			if !a.connected { // Azure Arc takes two requests
				a.connected, a.connectTook = true, time.Since(r.start)
			}
		})
	}})
	token, err := source.Token(ctx, hosts.Request{Resource: resource})
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.seen
	a.took, a.token = time.Since(r.start), token
	if err == nil {
		err = wire.Usable(token, time.Now())
	}
	if err != nil && !errors.As(err, &a.failure) {
		a.failure = &wire.Failure{Err: err}
	}
	return a
}
