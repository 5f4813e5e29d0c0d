package wire

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

const (
	// firstDial is long enough for one lost packet: the kernel sends the second SYN after a second,
	// the third after three. Most machines that have not connected to their own endpoint by then
	// have none, and should find out soon.
	firstDial = 3 * time.Second
	// laterDial is for machines that are slow to connect (six seconds and more have been seen on
	// scale sets that start), and for the way over the internet: a proxy, DNS and a third SYN.
	laterDial = 10 * time.Second
)

// dialer bounds the time of a connection: firstDial until one dial has ended, then laterDial, so
// that a slow machine succeeds with the second try.
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

// connecting is whether the requests of a context have asked for a connection, and got one.
type connecting struct{ asked, connected atomic.Bool }

type connectingKey struct{}

// ConnectBy returns a context for requests that ends at the time at if a connection was requested
// by then but not made, with any dialer. It bounds the search for an endpoint that may not exist,
// and not the wait for one that does; the failure of a request that it ends is Unreachable. A
// RoundTripper without connections is not bounded. (httptrace would show the same, but link the
// part of package reflect that makes functions into every program.)
func ConnectBy(ctx context.Context, at time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := new(connecting)
	timer := time.AfterFunc(time.Until(at), func() {
		if c.asked.Load() && !c.connected.Load() {
			cancel(errNoConnection)
		}
	})
	return context.WithValue(ctx, connectingKey{}, c), func() {
		timer.Stop()
		cancel(nil)
	}
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// watched returns dial for a transport whose connections ConnectBy must see. net/http passes a
// request's values on to the dial.
func watched(dial dialFunc) dialFunc {
	if dial == nil {
		return nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, _ := ctx.Value(connectingKey{}).(*connecting)
		if c != nil {
			c.asked.Store(true)
		}
		conn, err := dial(ctx, network, address)
		if c != nil && err == nil {
			c.connected.Store(true)
		}
		return conn, err
	}
}
