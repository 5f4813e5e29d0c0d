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

// answer is what came of asking the endpoint once.
type answer struct {
	token   azcore.AccessToken
	failure *wire.Failure // nil where there is a token

	sent        bool          // a request went out: nothing on this machine kept it back
	connected   bool          // there was a connection
	connectTook time.Duration // until there was
	took        time.Duration // all of it
	header      http.Header   // of the last answer; nil where there was none
	at          time.Time     // when that came
}

// recorder notes what a source does not tell.
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

// ask asks source once, whose requests r sees.
func (r *recorder) ask(ctx context.Context, source hosts.Source, resource string) answer {
	r.reset()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		r.note(func(a *answer) {
			if !a.connected { // Azure Arc is asked twice
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
