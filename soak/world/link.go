package world

import (
	"errors"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/seed-ac726066/aztoken/soak/plan"
)

// link is a connection as one request meets it.
type link struct {
	plan.Connection
	nth int64 // the number of the request
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: errors.Join(syscall.ECONNRESET)}

// roundTrip sends a request over the link to next: late, never, or so that its answer is lost.
func (l link) roundTrip(r *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	switch {
	case l.HalfOpen:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case l.Reset && l.nth%2 == 1:
		return nil, errReset
	case l.Latency > 0:
		select {
		case <-time.After(l.Latency):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	resp, err := next(r)
	if err == nil && l.Reset {
		_ = resp.Body.Close()
		return nil, errReset
	}
	return resp, err
}
