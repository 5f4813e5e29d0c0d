package delivery

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// Serve answers over a socket. Where a fault calls for a broken connection it panics with
// [http.ErrAbortHandler], which every [http.Server] understands.
func Serve(w http.ResponseWriter, r *http.Request, begin Begin) {
	base := "http://" + r.Host
	if r.TLS != nil {
		base = "https://" + r.Host
	}
	// This comes first because net/http notices that a client has disconnected only after the body
	// was read.
	call, err := identityapi.ReadCall(r, base)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	call.TLS = r.TLS
	x := begin(r.Context(), call)
	defer x.End()
	answer, err := x.Answer()
	if err != nil {
		x.Landed() // before the client can see the end of the connection
		if no := (*NoConnection)(nil); errors.As(err, &no) && no.Refused {
			reset(w)
			return
		}
		panic(http.ErrAbortHandler)
	}
	if err := send(w, answer, newStream(x, answer)); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func send(w http.ResponseWriter, a Answer, body *stream) error {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	size := 32 << 10
	if length := a.length(); length >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
		size = int(max(1, length))
	}
	w.WriteHeader(a.Status)
	connection := http.NewResponseController(w)
	if a.Trickle > 0 {
		_ = connection.Flush()
	}
	for buffer := make([]byte, size); ; {
		n, err := body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
			if a.Trickle > 0 || a.Cut {
				_ = connection.Flush()
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			_ = connection.Flush() // the headers of a body that is cut before its first byte
			return err
		}
	}
}

// reset ends the connection with a RST, the closest thing to a refusal that an open port can do.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	socket := conn
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		socket = secured.NetConn()
	}
	if tcp, ok := socket.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = socket.Close()
}
