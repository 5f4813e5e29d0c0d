package world

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// network is how the parts of the world reach each other: by calls in virtual time, where no packet
// may hold up the clock, or over sockets on loopback.
type network struct {
	endpointURL, entraURL string
	toCloud               http.RoundTripper // the endpoint and Entra ID
	toService             http.RoundTripper // whatever host the request names
	service               *atomic.Pointer[http.Handler]
	close                 func()
}

func newNetwork(c *cloud, sockets bool) network {
	handler := new(atomic.Pointer[http.Handler])
	service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*handler.Load()).ServeHTTP(w, r) })
	if !sockets {
		return network{
			endpointURL: c.endpointURL(), entraURL: "https://imds.test", toCloud: c.transport(), toService: inProcess(service),
			service: handler, close: func() {},
		}
	}
	near, toNear := listen(c.handler())
	far, toFar := listen(service)
	return network{
		endpointURL: near.URL, entraURL: near.URL, toCloud: toNear, service: handler,
		toService: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			there := r.Clone(r.Context())
			there.URL.Scheme, there.URL.Host = "http", far.Listener.Addr().String()
			return toFar.RoundTrip(there)
		}),
		close: func() {
			toNear.CloseIdleConnections()
			toFar.CloseIdleConnections()
			near.CloseClientConnections()
			near.Close()
			far.Close()
		},
	}
}

// inProcess returns a transport that calls a handler.
func inProcess(h http.Handler) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, r)
		resp := recorder.Result()
		resp.Request = r
		return resp, nil
	})
}

func listen(h http.Handler) (*httptest.Server, *http.Transport) {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of connections that faults break
	server.Start()
	return server, &http.Transport{}
}

// roundTripFunc is an http.RoundTripper, and a transport of the Azure SDK.
type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (f roundTripFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }
