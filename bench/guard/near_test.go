package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/bench/internal/near"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/extauth"
	"github.com/seed-ac726066/aztoken/internal/operation"
)

// The test sends what nginx sends with the recipe, to a server in this process. The caller only
// writes and reads bytes, so nearly all of the measured cost is the server's.
func TestCheckStaysNearABareHandler(t *testing.T) {
	imds := imdstest.NewServer(t, &imdstest.Options{TenantID: tenant})
	file, err := os.Open(filepath.Join("..", rules))
	require.NoError(t, err)
	defer file.Close()
	config, err := extauth.Read(file, "guard.yaml")
	require.NoError(t, err)
	config.Authority, config.KeyFile = imds.URL, ""
	config, err = config.Check()
	require.NoError(t, err)
	guard, err := extauth.New(config, extauth.Options{})
	require.NoError(t, err)
	t.Cleanup(guard.Close)
	pages := operation.Pages{Metrics: metrics.NewSet(), Ready: func() (bool, any) { return true, nil }}

	token := imds.Mint(audience, func(j *imdstest.JWT) { j.Claims["roles"] = []string{"reader"} })
	floor, check := asks(t, bare(), token), asks(t, operation.WithPages(pages, guard), token)
	check() // fetches the keys and caches the token
	near.Test(t, near.Goal{Times: promise, Allocs: testing.AllocsPerRun(200, floor) + 6}, floor, check)
}

// asks returns a function that sends one request to a server with handler, on a kept-alive
// connection.
func asks(t *testing.T, handler http.Handler, token string) func() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	service := &operation.Service{Servings: []operation.Serving{{Listener: listener, Handler: handler}}, IgnoreSignals: true}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- service.Run(ctx) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		cancel()
		require.NoError(t, <-ended)
	})
	question := []byte("GET /check HTTP/1.1\r\nHost: orders.example\r\nX-Original-Method: GET\r\nX-Original-URI: " + path +
		"\r\nAuthorization: Bearer " + token + "\r\n\r\n")
	answer := bufio.NewReader(conn)
	return func() {
		_, err := conn.Write(question)
		near.Must(t, err)
		status, err := answer.ReadSlice('\n')
		near.Must(t, err)
		if string(status) != "HTTP/1.1 200 OK\r\n" {
			t.Errorf("the answer is %q", status)
		}
		for line := status; err == nil && len(line) > 2; { // a 200 has no body
			line, err = answer.ReadSlice('\n')
			near.Must(t, err)
		}
	}
}
