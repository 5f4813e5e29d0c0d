package operation

import (
	"encoding/json"
	"net/http"

	"github.com/VictoriaMetrics/metrics"
)

// Pages are what an operator looks at:
//
//	/healthz  200 while the process serves, whatever upstream does: an outage must not restart it
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
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !p.Has(r.URL.Path) {
		writeJSON(w, http.StatusNotFound, refusal{"not_found", "Nothing is served at this path."})
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeJSON(w, http.StatusMethodNotAllowed, refusal{"method_not_allowed", "Only GET is allowed."})
		return
	}
	switch r.URL.Path {
	case "/healthz":
		writeJSON(w, http.StatusOK, map[string]bool{"healthy": true})
	case "/readyz":
		ready, details := p.Ready()
		status := http.StatusOK
		if !ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, details)
	case "/metrics":
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		p.Metrics.WritePrometheus(w)
		metrics.WriteProcessMetrics(w)
	default:
		p.More[r.URL.Path].ServeHTTP(w, r)
	}
}

// refusal is an error in the form of OAuth, which every SDK reads.
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// Refuse answers a request that a [Gate] stopped.
func Refuse(w http.ResponseWriter, _ *http.Request, reason string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	writeJSON(w, http.StatusForbidden, refusal{"forbidden", reason})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
