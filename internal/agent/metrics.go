package agent

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/clientpool"
	"github.com/seed-ac726066/aztoken/internal/telemetry"
)

// meters are the metrics of an agent. Their labels come from closed sets: names of the
// configuration, resources that are served, and constants.
type meters struct {
	set      *metrics.Set
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
		set.NewGauge("aztoken_store_up", func() float64 { return storeUp(a.Clients()) })
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
	default:
		return
	}
	m.set.GetOrCreateCounter(fmt.Sprintf("aztoken_upstream_requests_total{identity=%q,result=%q}", identity, result)).Inc()
}

// storeUp returns 1 if the store works for every client, and else 0.
func storeUp(clients []clientpool.Member) float64 {
	if slices.ContainsFunc(clients, func(m clientpool.Member) bool { return m.Client.Status().StoreError != "" }) {
		return 0
	}
	return 1
}

// otherIdentity is the label of identities that callers name and that have no token: made-up ids
// must not create series.
const otherIdentity = "other"

// writeTokens writes the state of each token as timestamps, since ages go stale between scrapes. Of
// tokens with the same labels it writes the one that is worst off, because a page with two samples
// of one series is invalid.
func writeTokens(w io.Writer, g *generation) {
	tokens, failures, now := telemetry.Tokens{}, map[telemetry.FailureKey]int{}, time.Now()
	for _, id := range g.identities {
		for _, m := range id.clients.All() {
			for _, r := range m.Client.Status().Resources {
				if r.Identity != "" || !id.resources.serves(r.Resource) { // assertions are not served
					continue
				}
				source := telemetry.Source{Identity: m.Name}
				if m.Client != id.clients.Own() && r.ExpiresOn.IsZero() {
					source.Identity = otherIdentity
				}
				key := telemetry.FailureKey{Source: source, Resource: r.Resource}
				failures[key] = max(failures[key], r.Failures)
				of := telemetry.Resource{Source: source, Resource: r.Resource, Tenant: r.Tenant}
				tokens.Add(telemetry.TokenKey{Resource: of, CAE: r.CAE}, r, now)
			}
		}
	}
	for key, n := range failures {
		labels := fmt.Sprintf("{identity=%q,resource=%q}", key.Identity, key.Resource)
		metrics.WriteGaugeUint64(w, "aztoken_upstream_consecutive_failures"+labels, uint64(max(0, n)))
	}
	for key, t := range tokens {
		writeToken(w, key, t)
	}
}

func writeToken(w io.Writer, key telemetry.TokenKey, t telemetry.Token) {
	labels := fmt.Sprintf("{identity=%q,resource=%q,tenant=%q,cae=\"%t\"}", key.Identity, key.Resource.Resource, key.Tenant, key.CAE)
	metrics.WriteGaugeUint64(w, "aztoken_token_acquired_timestamp_seconds"+labels, unix(t.Acquired))
	if !t.Refresh.IsZero() {
		metrics.WriteGaugeUint64(w, "aztoken_token_refresh_timestamp_seconds"+labels, unix(t.Refresh))
	}
	metrics.WriteGaugeUint64(w, "aztoken_token_expiry_timestamp_seconds"+labels, unix(t.Expiry))
}

func unix(t time.Time) uint64 { return uint64(max(0, t.Unix())) }
