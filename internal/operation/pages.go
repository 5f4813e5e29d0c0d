package operation

import (
	"net/http"

	"github.com/VictoriaMetrics/metrics"
)

// Pages are what an operator looks at:
//
//	/healthz  200 while the process serves, even in an outage upstream, which must not restart it
//	/readyz   200 if Ready reports true, else 503, with what it reports as JSON
//	/metrics  the metrics, as Prometheus reads them
type Pages struct {
	// Ready reports whether the server is ready, and the details.
	Ready func() (bool, any)
	// Metrics are those of the command. Those of the process are added.
	Metrics *metrics.Set
	// More are further pages, by path.
	More map[string]http.Handler
}

// WithPages returns a handler of p's pages, and of next for all other paths.
func WithPages(p Pages, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.Has(r.URL.Path) {
			p.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Has reports whether there is a page at path.
func (p Pages) Has(path string) bool {
	switch path {
	case "/healthz", "/readyz", "/metrics":
		return true
	}
	return p.More[path] != nil
}

// ServeHTTP implements [http.Handler].
func (p Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	IgnoreBody(w, r)
	private(w.Header())
	if !p.Has(r.URL.Path) {
		NotFound(w)
		return
	}
	if !OnlyGet(w, r) {
		return
	}
	switch r.URL.Path {
	case "/healthz":
		WriteJSON(w, http.StatusOK, map[string]bool{"healthy": true})
	case "/readyz":
		ready, details := p.Ready()
		status := http.StatusOK
		if !ready {
			status = http.StatusServiceUnavailable
		}
		WriteJSON(w, status, details)
	case "/metrics":
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		p.Metrics.WritePrometheus(w)
		metrics.WriteProcessMetrics(w)
	default:
		p.More[r.URL.Path].ServeHTTP(w, r)
	}
}
