package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/seed-ac726066/aztoken/imdstest"
)

// network is how the parts of the world reach each other: by calls in virtual time, where no packet may hold up the clock, or
// over sockets on loopback.
type network struct {
	endpointURL, entraURL string
	toEndpoint, toEntra   http.RoundTripper
	toService             http.RoundTripper // whatever host the request names
	handler               *atomic.Pointer[http.Handler]
	close                 func()
}

func newNetwork(imds *imdstest.Server, sockets bool) network {
	n := network{handler: new(atomic.Pointer[http.Handler])}
	service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*n.handler.Load()).ServeHTTP(w, r) })
	if !sockets {
		n.endpointURL, n.entraURL = imds.URL, "https://imds.test"
		n.toEndpoint, n.toEntra = imds, imds
		n.toService = transportFunc(func(r *http.Request) (*http.Response, error) {
			recorder := httptest.NewRecorder()
			service.ServeHTTP(recorder, r)
			resp := recorder.Result()
			resp.Request = r
			return resp, nil
		})
		n.close = func() {}
		return n
	}
	serve := func(h http.Handler) (*httptest.Server, *http.Transport) {
		server := httptest.NewUnstartedServer(h)
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that faults break
		server.Start()
		return server, &http.Transport{}
	}
	cloud, toCloud := serve(imds)
	far, toFar := serve(service)
	n.endpointURL, n.entraURL = cloud.URL, cloud.URL
	n.toEndpoint, n.toEntra = toCloud, toCloud
	n.toService = transportFunc(func(r *http.Request) (*http.Response, error) {
		there := r.Clone(r.Context())
		there.URL.Scheme, there.URL.Host = "http", far.Listener.Addr().String()
		return toFar.RoundTrip(there)
	})
	n.close = func() {
		toCloud.CloseIdleConnections()
		toFar.CloseIdleConnections()
		cloud.CloseClientConnections()
		cloud.Close()
		far.Close()
	}
	return n
}
