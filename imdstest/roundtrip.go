package imdstest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
)

// RoundTrip answers without a socket, whatever host the request names. Towards the caller it behaves as
// [http.Transport] does: it fails with the cause of the request's context as soon as that is done, reading the
// response's body does too, and a body that is neither read to its end nor closed leaves its request under way. It
// never sends a request again.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	x := s.begin(r.Context(), newCall(r, r.URL.Scheme+"://"+r.URL.Host, body))
	answer, err := x.answer()
	if err != nil {
		x.end()
		return nil, failed(r, x.fault.silence, err)
	}
	response := &http.Response{
		Status:        fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)),
		StatusCode:    answer.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        answer.header,
		ContentLength: answer.length(),
		Body:          &responseBody{newStream(x.ctx, answer, x.landed), x.end},
		Request:       r,
	}
	if r.URL.Scheme == "https" {
		response.TLS = s.connectionState(r.URL.Hostname())
	}
	if response.ContentLength < 0 {
		response.TransferEncoding = []string{"chunked"}
	} else {
		response.Header.Set("Content-Length", strconv.FormatInt(response.ContentLength, 10))
	}
	return response, nil
}

// Do is [Server.RoundTrip], for the Azure SDK: a Server is a transporter of its clients.
func (s *Server) Do(r *http.Request) (*http.Response, error) { return s.RoundTrip(r) }

// A responseBody ends its exchange when the client has read or closed it.
type responseBody struct {
	stream *stream
	end    func()
}

func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.stream.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}

func (b *responseBody) Close() error {
	b.end()
	return nil
}

// failed returns the error of a request that got no answer, as package net words it where it is one of dialing.
func failed(r *http.Request, how silence, err error) error {
	switch how {
	case refused:
		err = os.NewSyscallError("connect", err)
	case dropped:
	default:
		return err
	}
	return &net.OpError{Op: "dial", Net: "tcp", Addr: dialed(r), Err: err}
}

// A hostPort is the address that a connection would have gone to.
type hostPort string

func (hostPort) Network() string  { return "tcp" }
func (a hostPort) String() string { return string(a) }

func dialed(r *http.Request) net.Addr {
	port := r.URL.Port()
	if port == "" {
		port = "80"
		if r.URL.Scheme == "https" {
			port = "443"
		}
	}
	return hostPort(net.JoinHostPort(r.URL.Hostname(), port))
}
