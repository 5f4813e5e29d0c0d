package operation

import (
	"net"
	"sync"
)

const (
	// maxConnections is more than one machine's programs need.
	maxConnections = 1024
	// reserved are the files that requests upstream, the store, the log and pages need.
	reserved = 64
	// pageConnections are those of a listener of pages: more than what probes and scrapes it.
	pageConnections = 32
)

// connectionLimit returns how many connections a server may have that may open files descriptors; 0
// is not known.
func connectionLimit(files uint64) int {
	if files == 0 || files >= maxConnections+reserved {
		return maxConnections
	}
	return int(max(files, reserved+1) - reserved)
}

// slots bound the connections of the listeners that share them.
type slots chan struct{}

// listener returns l with its connections bounded. Beyond the limit callers wait in the kernel's
// queue.
func (s slots) listener(l net.Listener) net.Listener { return limited{l, s} }

// crowded reports whether three quarters of the slots are taken.
func (s slots) crowded() bool { return len(s) > cap(s)*3/4 }

type limited struct {
	net.Listener
	slots slots
}

// Accept implements [net.Listener].
func (l limited) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &slotted{Conn: conn, slots: l.slots}, nil
}

// slotted is a connection that gives its slot back once.
type slotted struct {
	net.Conn
	once  sync.Once
	slots slots
}

// Close implements [net.Conn].
func (c *slotted) Close() error {
	c.once.Do(func() { <-c.slots })
	return c.Conn.Close()
}
