package redisstore_test

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands between a client and a server.
type proxy struct {
	addr string

	// A string: the next request that contains it is forwarded, and then the connection is cut
	// instead of returning the reply.
	loseReplyTo atomic.Value
	held        atomic.Bool   // replies wait
	release     chan struct{} // closed when they may go on
}

// startProxy returns a proxy in front of server, which ends with the test.
func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{addr: listener.Addr().String(), release: make(chan struct{})}
	p.loseReplyTo.Store("")
	var group sync.WaitGroup
	var mu sync.Mutex // guards conns
	var conns []net.Conn
	group.Go(func() {
		for {
			down, err := listener.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", server)
			if err != nil {
				down.Close()
				continue
			}
			mu.Lock()
			conns = append(conns, down, up)
			mu.Unlock()
			var lose atomic.Bool
			group.Go(func() {
				defer up.Close()
				p.pass(up, down, func(request []byte) bool {
					if mark := p.loseReplyTo.Load().(string); mark != "" && bytes.Contains(request, []byte(mark)) {
						p.loseReplyTo.Store("")
						lose.Store(true)
					}
					return true
				})
			})
			group.Go(func() {
				defer down.Close()
				p.pass(down, up, func([]byte) bool {
					if p.held.Load() {
						<-p.release
					}
					return !lose.Load()
				})
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		group.Wait()
	})
	return p
}

// pass copies from one side to the other while look agrees.
func (p *proxy) pass(to, from net.Conn, look func([]byte) bool) {
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		if err != nil || !look(chunk[:n]) {
			return
		}
		if _, err := to.Write(chunk[:n]); err != nil {
			return
		}
	}
}
