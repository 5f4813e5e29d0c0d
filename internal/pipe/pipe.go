// Package pipe connects net/http's client and server through net.Pipe, for tests in virtual time:
// while a bubble of testing/synctest waits for a real socket, its time stops.
package pipe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// Transport returns a transport that reaches handler at any address, over https with the
// certificate of config, which it trusts. What it starts ends with the test, so handler must have
// returned by then.
func Transport(tb testing.TB, handler http.Handler, config *tls.Config) *http.Transport {
	tb.Helper()
	plain, secure := newListener(net.Pipe), newListener(buffered)
	server := &http.Server{Handler: handler, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(plain) })
	serving.Go(func() { _ = server.ServeTLS(secure, "", "") })
	trusted := x509.NewCertPool()
	for _, c := range config.Certificates {
		trusted.AddCert(c.Leaf)
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			if strings.HasSuffix(address, ":443") {
				return secure.dial(ctx)
			}
			return plain.dial(ctx)
		},
		TLSClientConfig: &tls.Config{RootCAs: trusted},
	}
	tb.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
	return transport
}

// listener accepts one end of each pipe.
type listener struct {
	pipe  func() (near, far net.Conn)
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newListener(pipe func() (near, far net.Conn)) listener {
	l := listener{pipe: pipe, conns: make(chan net.Conn), done: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.done) })
	return l
}

func (l listener) dial(ctx context.Context) (net.Conn, error) {
	near, far := l.pipe()
	var err error
	select {
	case l.conns <- brusque{far}:
		return brusque{near}, nil
	case <-l.done:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = near.Close()
	return nil, err
}

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l listener) Close() error   { l.close(); return nil }
func (l listener) Addr() net.Addr { return &net.TCPAddr{} }

// buffered returns the ends of a pipe that buffers as much as a handshake writes. A client that
// refuses a certificate stops reading and says so while the server still writes; with [net.Pipe]
// the two would wait for each other. The pipe ends when either end is closed.
func buffered() (near, far net.Conn) {
	near, nearRelay := net.Pipe()
	farRelay, far := net.Pipe()
	relay := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	go relay(farRelay, nearRelay)
	go relay(nearRelay, farRelay)
	return near, far
}

// brusque drops the close notification of TLS, which is the only write with a deadline. In a pipe
// two of them would wait for each other while net/http holds a lock, so that virtual time could
// never reach the deadline.
type brusque struct{ net.Conn }

func (c brusque) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() {
		t = time.Now()
	}
	return c.Conn.SetWriteDeadline(t)
}
