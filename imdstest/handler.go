package imdstest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
)

// ServeHTTP answers over a socket, for a program of its own: [http.Serve](listener, s). Where a fault calls for a broken
// connection it panics with [http.ErrAbortHandler], which every [http.Server] understands.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Before anything else: net/http notices that a client went away only once the request's body is read.
	body, err := readBody(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	base := "http://" + r.Host
	if r.TLS != nil {
		base = "https://" + r.Host
	}
	x := s.begin(r.Context(), newCall(r, base, body))
	defer x.end()
	answer, err := x.answer()
	if err != nil {
		x.landed() // before the client can see the end of the connection
		if errors.Is(err, syscall.ECONNREFUSED) {
			reset(w)
			return
		}
		panic(http.ErrAbortHandler)
	}
	if err := send(w, answer, newStream(x.ctx, answer, x.landed)); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func send(w http.ResponseWriter, r reply, body *stream) error {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	size := 32 << 10
	if length := r.length(); length >= 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
		size = int(max(1, length))
	}
	w.WriteHeader(r.status)
	connection := http.NewResponseController(w)
	if r.over > 0 {
		_ = connection.Flush()
	}
	for buffer := make([]byte, size); ; {
		n, err := body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return err
			}
			if r.over > 0 || r.cut {
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

// reset ends the connection with a RST, the nearest to a refusal that an open port can do.
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
