package operation

import (
	"net"
	"sync"
)

const (
	// maxConnections is more than the programs of one machine need.
	maxConnections = 1024
	// reserved is the number of files that upstream requests, the store, the log and pages need.
	reserved = 64
	// pageConnections is the limit of a listener of pages: more than probes and scrapes need.
	pageConnections = 32
)

// connectionLimit returns how many connections a server may have with a limit of open files; a
// limit of 0 is unknown.
func connectionLimit(files uint64) int {
	if files == 0 || files >= maxConnections+reserved {
		return maxConnections
	}
	return int(max(files, reserved+1) - reserved)
}

// slots limits the connections of the listeners that share it.
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
