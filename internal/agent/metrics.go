package agent

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/seed-ac726066/aztoken"
)

// meters are the metrics of an agent. Their labels come from closed sets: names of the
// configuration, resources that are served, and constants.
type meters struct {
	set      *metrics.Set
	storeUp  atomic.Uint32
	duration map[protocol]*metrics.PrometheusHistogram

	mu       sync.RWMutex // guards requests
	requests map[requestLabels]*metrics.Counter
}

type requestLabels struct {
	identity, resource string
	protocol           protocol
	result             result
}

// durations range from an answer from memory to the patience of a caller.
var durations = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newMeters(a *Agent, set *metrics.Set, hasStore bool) *meters {
	m := &meters{set: set, duration: map[protocol]*metrics.PrometheusHistogram{}, requests: map[requestLabels]*metrics.Counter{}}
	for _, p := range []protocol{appService, imds} {
		m.duration[p] = set.NewPrometheusHistogramExt(fmt.Sprintf("aztoken_agent_request_duration_seconds{protocol=%q}", p), durations)
	}
	set.RegisterMetricsWriter(func(w io.Writer) { writeTokens(w, a.current.Load()) })
	if hasStore {
		m.storeUp.Store(1)
		set.NewGauge("aztoken_store_up", func() float64 { return float64(m.storeUp.Load()) })
	}
	return m
}

// served counts a request.
func (m *meters) served(identity, resource string, p protocol, r result, took time.Duration) {
	labels := requestLabels{identity, resource, p, r}
	m.mu.RLock()
	counter := m.requests[labels]
	m.mu.RUnlock()
	if counter == nil { // its name is made once, not with each request
		counter = m.set.GetOrCreateCounter(fmt.Sprintf(
			"aztoken_agent_requests_total{identity=%q,resource=%q,protocol=%q,result=%q}", identity, resource, p, r))
		m.mu.Lock()
		m.requests[labels] = counter
		m.mu.Unlock()
	}
	counter.Inc()
	m.duration[p].Update(took.Seconds())
}

// event counts what a client of an identity asked upstream.
func (m *meters) event(identity string, ev aztoken.Event) {
	result := ""
	switch ev.Kind {
	case aztoken.EventAcquired, aztoken.EventUnchanged:
		result = "ok"
	case aztoken.EventFailed:
		result = "error"
	case aztoken.EventStoreFailed:
		m.storeUp.Store(0)
		return
	case aztoken.EventStoreRecovered:
		m.storeUp.Store(1)
		return
	default:
		return
	}
	m.set.GetOrCreateCounter(fmt.Sprintf("aztoken_upstream_requests_total{identity=%q,result=%q}", identity, result)).Inc()
}

// writeTokens writes the state of each token, in timestamps: ages go stale between scrapes.
func writeTokens(w io.Writer, g *generation) {
	for _, id := range g.identities {
		for _, m := range id.clients.All() {
			for _, r := range m.Client.Status().Resources {
				if id.resources.serves(r.Resource) {
					writeToken(w, m.Name, r)
				}
			}
		}
	}
}

func writeToken(w io.Writer, identity string, r aztoken.ResourceStatus) {
	failures := fmt.Sprintf("aztoken_upstream_consecutive_failures{identity=%q,resource=%q}", identity, r.Resource)
	metrics.WriteGaugeUint64(w, failures, uint64(max(0, r.Failures)))
	if r.AcquiredOn.IsZero() {
		return
	}
	labels := fmt.Sprintf("{identity=%q,resource=%q,tenant=%q,cae=\"%t\"}", identity, r.Resource, r.Tenant, r.CAE)
	metrics.WriteGaugeUint64(w, "aztoken_token_acquired_timestamp_seconds"+labels, unix(r.AcquiredOn))
	metrics.WriteGaugeUint64(w, "aztoken_token_refresh_timestamp_seconds"+labels, unix(r.RefreshOn))
	metrics.WriteGaugeUint64(w, "aztoken_token_expiry_timestamp_seconds"+labels, unix(r.ExpiresOn))
}

func unix(t time.Time) uint64 { return uint64(max(0, t.Unix())) }
