package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/seed-ac726066/aztoken/internal/identityapi"
)

// RoundTrip answers without a socket; the host of the request does not matter. It behaves as
// [http.Transport] does: it fails with the cause of the request's context as soon as that is done,
// and so does reading the response's body; a body that is neither read to its end nor closed keeps
// its request open. It never repeats a request. state returns the state that a TLS connection to a
// host would have.
func RoundTrip(r *http.Request, begin Begin, state func(host string) *tls.ConnectionState) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	call, err := identityapi.ReadCall(r, r.URL.Scheme+"://"+r.URL.Host)
	if err != nil {
		return nil, err
	}
	x := begin(r.Context(), call)
	answer, err := x.Answer()
	if err != nil {
		x.End()
		return nil, failed(r, err)
	}
	response := &http.Response{
		Status:        fmt.Sprintf("%d %s", answer.Status, http.StatusText(answer.Status)),
		StatusCode:    answer.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        answer.Header,
		ContentLength: answer.length(),
		Body:          &responseBody{newStream(x, answer), x.End},
		Request:       r,
	}
	if r.URL.Scheme == "https" {
		response.TLS = state(r.URL.Hostname())
	}
	if response.ContentLength < 0 {
		response.TransferEncoding = []string{"chunked"}
	} else {
		response.Header.Set("Content-Length", strconv.FormatInt(response.ContentLength, 10))
	}
	return response, nil
}

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

// failed returns the error of a request that got no answer, in the form of package net if it is one
// of dialing.
func failed(r *http.Request, err error) error {
	no := (*NoConnection)(nil)
	if !errors.As(err, &no) {
		return err
	}
	err = no.Err
	if no.Refused {
		err = os.NewSyscallError("connect", err)
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
