package otelaztoken

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/seed-ac726066/aztoken/internal/telemetry"
)

// gauges are read at each collection, from the current state. They are timestamps, because ages
// would be out of date as soon as they are exported.
type gauges struct {
	acquired, refresh, expiry metric.Float64ObservableGauge
	failures                  metric.Int64ObservableGauge
	storeUp                   metric.Int64ObservableGauge
	keys                      metric.Int64ObservableGauge
	keysFetched, keysExpiry   metric.Float64ObservableGauge
	keysFailing               metric.Int64ObservableGauge
}

// counters are incremented by events.
type counters struct {
	requests, events  metric.Int64Counter
	duration          metric.Float64Histogram
	fetches, rejected metric.Int64Counter
	keyFileFailures   metric.Int64Counter
}

// durations are histogram buckets from the time of an answer out of an endpoint's own cache to the
// longest time of a request.
var durations = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func newGauges(meter metric.Meter) (g gauges, err error) {
	var errs []error
	timestamp := func(name, about string) metric.Float64ObservableGauge {
		i, err := meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(about))
		errs = append(errs, err)
		return i
	}
	// A unit of "1" would make exporters for Prometheus append "_ratio" to the name.
	number := func(name, unit, about string) metric.Int64ObservableGauge {
		i, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about))
		errs = append(errs, err)
		return i
	}
	g = gauges{
		acquired:    timestamp("aztoken.token.acquired.timestamp", "When the token in use was acquired, in seconds since 1970."),
		refresh:     timestamp("aztoken.token.refresh.timestamp", "When the endpoint is asked next for the token in use, in seconds since 1970; absent while nobody uses it."),
		expiry:      timestamp("aztoken.token.expiry.timestamp", "When the token in use expires, in seconds since 1970."),
		failures:    number("aztoken.upstream.consecutive_failures", "{failure}", "How many requests for tokens have failed since the last one that worked."),
		storeUp:     number("aztoken.store.up", "", "Whether the store for tokens works (1) or not (0)."),
		keys:        number("aztoken.keys", "{key}", "How many keys there are to check tokens with."),
		keysFetched: timestamp("aztoken.keys.fetched.timestamp", "When the keys were fetched, in seconds since 1970."),
		keysExpiry:  timestamp("aztoken.keys.expiry.timestamp", "Until when the keys serve if no fetch works, in seconds since 1970."),
		keysFailing: number("aztoken.keys.fetch_failing", "", "Whether the newest fetch of keys failed (1) or not (0)."),
	}
	return g, errors.Join(errs...)
}

func (g gauges) all() []metric.Observable {
	return []metric.Observable{
		g.acquired, g.refresh, g.expiry, g.failures, g.storeUp, g.keys, g.keysFetched, g.keysExpiry, g.keysFailing,
	}
}

func newCounters(meter metric.Meter) (c counters, err error) {
	var errs []error
	counter := func(name, unit, about string) metric.Int64Counter {
		i, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(about))
		errs = append(errs, err)
		return i
	}
	c = counters{
		requests:        counter("aztoken.upstream.requests", "{request}", "Requests for tokens to the identity endpoint."),
		events:          counter("aztoken.events", "{event}", "What happened to tokens, by the kind of event."),
		fetches:         counter("aztoken.keys.fetches", "{fetch}", "Attempts to fetch the keys that tokens are checked with."),
		rejected:        counter("aztoken.rejected_tokens", "{token}", "Tokens of callers that were not accepted."),
		keyFileFailures: counter("aztoken.key_file.failures", "{failure}", "How often the key file failed."),
	}
	c.duration, err = meter.Float64Histogram("aztoken.upstream.request.duration", metric.WithUnit("s"),
		metric.WithDescription("How long requests for tokens took."), metric.WithExplicitBucketBoundaries(durations...))
	return c, errors.Join(append(errs, err)...)
}

// observe reports the gauges. It does not wait for any endpoint.
func (m *Metrics) observe(_ context.Context, o metric.Observer) error {
	timestamp := func(g metric.Float64Observable, t time.Time, attributes ...metric.ObserveOption) {
		if !t.IsZero() {
			o.ObserveFloat64(g, telemetry.Seconds(t), attributes...)
		}
	}
	g, s := m.gauges, m.watched.Snapshot()
	for key, t := range s.Tokens {
		of := with(attributes(key.Source), ResourceKey.String(key.Resource.Resource), TenantKey.String(key.Tenant), CAEKey.Bool(key.CAE))
		timestamp(g.acquired, t.Acquired, of)
		timestamp(g.refresh, t.Refresh, of)
		timestamp(g.expiry, t.Expiry, of)
	}
	for key, n := range s.Failures {
		o.ObserveInt64(g.failures, int64(n), with(attributes(key.Source), ResourceKey.String(key.Resource)))
	}
	if s.HasStore {
		o.ObserveInt64(g.storeUp, number(s.StoreUp))
	}
	if k := s.Keys; k != nil {
		o.ObserveInt64(g.keys, int64(k.Count))
		timestamp(g.keysFetched, k.Fetched)
		timestamp(g.keysExpiry, k.Expiry)
		o.ObserveInt64(g.keysFailing, number(k.IsFailing))
	}
	return nil
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
