// Package promaztoken shows the tokens of an [aztoken.Client], and the keys of a [verify.Verifier],
// to Prometheus.
//
//	metrics := promaztoken.New(nil)
//	prometheus.MustRegister(metrics)
//
//	client, err := aztoken.NewClient(&aztoken.Options{OnEvent: metrics.OnEvent})
//	if err != nil { … }
//	defer client.Close()
//	metrics.Watch(client)
//
// OnEvent counts requests, Watch shows the state of tokens; one Metrics serves all clients and
// verifiers of a program. docs/telemetry.md of the repository has the table of metrics. Beside this
// file are alerts.yaml, rules that page while half of a token's life is left (12 h on most hosts),
// and dashboard.json for Grafana.
package promaztoken

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry"
	"github.com/seed-ac726066/aztoken/verify"
)

// Options are the settings of a [Metrics]. The zero value is right for most programs.
type Options struct {
	// MaxResources is how many resources (with their identity and tenant) have labels of their own,
	// and how many identities. The first ones keep them for good, and all others share the label
	// "other", which shows the worst of them: a program whose callers name the resources must not
	// make series without end. Those that never had a token are counted apart. Zero: 100.
	MaxResources int
}

// Metrics is a [prometheus.Collector] of clients and verifiers. It is made by [New], and safe for
// concurrent use. No label has a token, a secret or the text of an error.
//
// Clients of one identity share its series: gauges are those of the token that is worst off and of
// the most failures, counters are sums. [Metrics.As] tells them apart.
type Metrics struct {
	watched *telemetry.Watched

	requests        *prometheus.CounterVec
	failures        *prometheus.CounterVec
	duration        *prometheus.HistogramVec
	events          *prometheus.CounterVec
	fetches         *prometheus.CounterVec
	rejected        *prometheus.CounterVec
	keyFileFailures prometheus.Counter
}

var _ prometheus.Collector = (*Metrics)(nil)

// durations reach from an endpoint's own cache to the time of one request.
var durations = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// New returns a Metrics, to be registered once; nil opts are the defaults. It shows nothing until
// it is told of clients and verifiers.
func New(opts *Options) *Metrics {
	if opts == nil {
		opts = &Options{}
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &Metrics{
		watched: telemetry.NewWatched(opts.MaxResources),
		requests: counter("aztoken_upstream_requests_total",
			"Requests for tokens to the identity endpoint.", "identity", "result"),
		failures: counter("aztoken_upstream_errors_total",
			"Requests for tokens that failed, by the kind of error.", "identity", "error_type"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "aztoken_upstream_request_duration_seconds", Buckets: durations,
			Help: "How long requests for tokens took.",
		}, []string{"identity", "result"}),
		events: counter("aztoken_events_total",
			"What happened to tokens, by the kind of event.", "identity", "kind"),
		fetches: counter("aztoken_keys_fetches_total",
			"Attempts to fetch the keys that tokens are checked with.", "result"),
		rejected: counter("aztoken_rejected_tokens_total",
			"Tokens of callers that were not accepted.", "reason"),
		keyFileFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "aztoken_key_file_failures_total", Help: "How often the key file failed.",
		}),
	}
}

// OnEvent counts an event of a client: it is for [aztoken.Options].OnEvent, of any number of
// clients. A program with an OnEvent of its own calls it there.
func (m *Metrics) OnEvent(ev aztoken.Event) { m.As("").OnEvent(ev) }

// Watch shows the tokens of c until c is closed. It does not keep c alive.
func (m *Metrics) Watch(c *aztoken.Client) { m.As("").Watch(c) }

// As returns m for a client that is shown under a name in place of its identity. It is for clients
// that have the same, or none because of Options.Credential. A name must come from the program, not
// from its callers. "" is the client's own identity.
func (m *Metrics) As(name string) Named { return Named{m, telemetry.Source{Identity: name}} }

// Named counts and shows a client under a name; see [Metrics.As].
type Named struct {
	metrics *Metrics
	as      telemetry.Source
}

// OnEvent is [Metrics.OnEvent] under the name.
func (n Named) OnEvent(ev aztoken.Event) {
	m, identity := n.metrics, n.metrics.watched.SourceOf(n.as, ev.Identity).Identity
	m.events.WithLabelValues(identity, string(ev.Kind)).Inc()
	result := telemetry.Outcome(ev)
	if result == "" {
		return
	}
	m.requests.WithLabelValues(identity, result).Inc()
	m.duration.WithLabelValues(identity, result).Observe(ev.Took.Seconds())
	if result == telemetry.Error {
		m.failures.WithLabelValues(identity, telemetry.ErrorType(ev.Err)).Inc()
	}
}

// Watch is [Metrics.Watch] under the name.
func (n Named) Watch(c *aztoken.Client) {
	identity := n.metrics.watched.Client(n.as, c).Identity
	for _, result := range telemetry.Outcomes() { // from zero on: a rate needs the sample before the first failure
		n.metrics.requests.WithLabelValues(identity, result)
	}
}

// OnVerifyEvent counts an event of a verifier: it is for [verify.Options].OnEvent.
func (m *Metrics) OnVerifyEvent(ev verify.Event) {
	switch ev.Kind {
	case verify.EventKeysFetched:
		m.fetches.WithLabelValues(telemetry.OK).Inc()
	case verify.EventKeysFailed:
		m.fetches.WithLabelValues(telemetry.Error).Inc()
	case verify.EventRejected:
		m.rejected.WithLabelValues(telemetry.Reason(ev.Err)).Inc()
	case verify.EventKeyFileFailed:
		m.keyFileFailures.Inc()
	}
}

// WatchVerifier shows the keys of v, from its first token until v is closed. Of several verifiers
// the one that is worst off is shown. It does not keep v alive.
func (m *Metrics) WatchVerifier(v *verify.Verifier) {
	m.watched.Verifier(v)
	for _, result := range telemetry.Outcomes() {
		m.fetches.WithLabelValues(result)
	}
}
