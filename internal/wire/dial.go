package wire

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	// firstDial outlasts one lost packet: the kernel sends the second SYN after a second, the third
	// after three. Most machines that have not connected to their own endpoint by then have none,
	// and should hear so soon.
	firstDial = 3 * time.Second
	// laterDial is for machines that are slow to connect (six seconds and more have been seen on
	// scale sets that start), and for the way over the internet: a proxy, DNS and a third SYN.
	laterDial = 10 * time.Second
)

// dialer bounds the time of a connection: firstDial until one dial has ended, then laterDial, so
// that a slow machine gets there with the second try.
type dialer struct {
	connect func(ctx context.Context, network, address string) (net.Conn, error)
	dialed  atomic.Bool
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	limit := firstDial
	if d.dialed.Load() {
		limit = laterDial
	}
	defer d.dialed.Store(true)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return d.connect(ctx, network, address)
}

// errNoConnection is the cause that [ConnectBy] ends a context with.
var errNoConnection = errors.New("no connection in time")

// ConnectBy returns a context for requests that ends at the time at if a connection was asked for
// by then and none has come about, whoever dials. It bounds the search for an endpoint that may not
// be there, and not the wait for one that is; the failure of a request that it ends is Unreachable.
// A RoundTripper without connections is not bounded.
func ConnectBy(ctx context.Context, at time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	var asked, connected atomic.Bool
	timer := time.AfterFunc(time.Until(at), func() {
		if asked.Load() && !connected.Load() {
			cancel(errNoConnection)
		}
	})
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}
