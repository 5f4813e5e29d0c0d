package operation

import (
	"net"
	"strconv"
)

// Notifier reports the state of a service of Type=notify-reload to systemd (sd_notify). The zero
// Notifier does nothing.
type Notifier struct {
	// Socket is NOTIFY_SOCKET; "@" stands for the zero byte of an abstract one.
	Socket string
}

// Ready says that the service serves, also after a reload.
func (n Notifier) Ready() { n.send("READY=1") }

// Reloading says that the service reads its configuration. systemd waits for Ready, and
// distinguishes it from an older one by the time.
func (n Notifier) Reloading() {
	n.send("RELOADING=1\nMONOTONIC_USEC=" + strconv.FormatInt(monotonicMicroseconds(), 10))
}

// Stopping says that the service ends.
func (n Notifier) Stopping() { n.send("STOPPING=1") }

// send ignores errors: a service works without systemd too.
func (n Notifier) send(state string) {
	if n.Socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.Socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(state))
}
