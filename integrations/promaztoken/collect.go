package promaztoken

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/seed-ac726066/aztoken/internal/telemetry"
)

// The gauges are computed at each scrape, from the current state. They are timestamps, because ages
// would be out of date as soon as they are scraped.
var (
	tokenLabels = []string{"identity", "resource", "tenant", "cae"}

	acquired = prometheus.NewDesc("aztoken_token_acquired_timestamp_seconds",
		"When the token in use was acquired, in seconds since 1970.", tokenLabels, nil)
	refresh = prometheus.NewDesc("aztoken_token_refresh_timestamp_seconds",
		"When the endpoint is asked next for the token in use, in seconds since 1970; absent while nobody uses it.", tokenLabels, nil)
	expiry = prometheus.NewDesc("aztoken_token_expiry_timestamp_seconds",
		"When the token in use expires, in seconds since 1970.", tokenLabels, nil)
	consecutiveFailures = prometheus.NewDesc("aztoken_upstream_consecutive_failures",
		"How many requests for tokens have failed since the last one that worked.", []string{"identity", "resource"}, nil)
	storeUp = prometheus.NewDesc("aztoken_store_up",
		"Whether the store for tokens works (1) or not (0).", nil, nil)

	keys = prometheus.NewDesc("aztoken_keys",
		"How many keys there are to check tokens with.", nil, nil)
	keysFetched = prometheus.NewDesc("aztoken_keys_fetched_timestamp_seconds",
		"When the keys were fetched, in seconds since 1970.", nil, nil)
	keysExpiry = prometheus.NewDesc("aztoken_keys_expiry_timestamp_seconds",
		"Until when the keys serve if no fetch works, in seconds since 1970.", nil, nil)
	keysFailing = prometheus.NewDesc("aztoken_keys_fetch_failing",
		"Whether the newest fetch of keys failed (1) or not (0).", nil, nil)
)

// Describe implements [prometheus.Collector].
func (m *Metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		acquired, refresh, expiry, consecutiveFailures, storeUp, keys, keysFetched, keysExpiry, keysFailing,
	} {
		descs <- d
	}
	for _, c := range m.counters() {
		c.Describe(descs)
	}
}

// Collect implements [prometheus.Collector]. It does not wait for any endpoint.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	for _, c := range m.counters() {
		c.Collect(out)
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	timestamp := func(d *prometheus.Desc, t time.Time, labels ...string) {
		if !t.IsZero() {
			gauge(d, telemetry.Seconds(t), labels...)
		}
	}
	s := m.watched.Snapshot()
	for key, t := range s.Tokens {
		labels := []string{key.Identity, key.Resource.Resource, key.Tenant, strconv.FormatBool(key.CAE)}
		timestamp(acquired, t.Acquired, labels...)
		timestamp(refresh, t.Refresh, labels...)
		timestamp(expiry, t.Expiry, labels...)
	}
	for key, n := range s.Failures {
		gauge(consecutiveFailures, float64(n), key.Identity, key.Resource)
	}
	if s.HasStore {
		gauge(storeUp, number(s.StoreUp))
	}
	if k := s.Keys; k != nil {
		gauge(keys, float64(k.Count))
		timestamp(keysFetched, k.Fetched)
		timestamp(keysExpiry, k.Expiry)
		gauge(keysFailing, number(k.IsFailing))
	}
}

func (m *Metrics) counters() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.failures, m.duration, m.events, m.fetches, m.rejected, m.keyFileFailures}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
