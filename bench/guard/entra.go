package main

import (
	"net"
	"net/http"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// These match the rules file.
const (
	audience = "api://orders"
	tenant   = "aaaaaaaa-0000-4000-8000-000000000000"
)

// entra is a fake issuer on a socket.
type entra struct {
	*imdstest.Server
	url    string
	server *http.Server
}

func startEntra() (*entra, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	e := &entra{Server: imdstest.New(&imdstest.Options{TenantID: tenant}), url: "http://" + listener.Addr().String()}
	e.server = &http.Server{Handler: e.Server}
	go func() { _ = e.server.Serve(listener) }() // returns after stop
	return e, nil
}

func (e *entra) stop() {
	e.Close()
	_ = e.server.Close()
}

// token returns a token that the service accepts.
func (e *entra) token() string {
	return e.Mint(audience, func(j *imdstest.JWT) { j.Claims["roles"] = []string{"reader"} })
}
