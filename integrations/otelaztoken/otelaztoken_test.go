package otelaztoken_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
	"github.com/seed-ac726066/aztoken/tokenstore"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	virtually(t, "of a client that works, and then fails", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		imds := imdstest.New(nil)
		c := telemetrytest.Over(t, imds, metrics, aztoken.Options{})
		require.Empty(t, samples(t, reader))

		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		synctest.Wait()
		const of = "{aztoken.cae=false,aztoken.identity=default,aztoken.resource=https://orders.example.com,aztoken.tenant=}"
		const failuresOf = "aztoken.upstream.consecutive_failures{aztoken.identity=default,aztoken.resource=https://orders.example.com}"
		want := map[string]float64{
			"aztoken.token.acquired.timestamp" + of: seconds(tok.AcquiredOn),
			"aztoken.token.refresh.timestamp" + of:  seconds(tok.RefreshOn),
			"aztoken.token.expiry.timestamp" + of:   seconds(tok.ExpiresOn),
			failuresOf:                              0,
			"aztoken.upstream.requests{aztoken.identity=default,aztoken.result=ok}":         1,
			"aztoken.upstream.request.duration{aztoken.identity=default,aztoken.result=ok}": 1,
			"aztoken.events{aztoken.event=acquired,aztoken.identity=default}":               1,
		}
		require.Equal(t, want, samples(t, reader))

		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(503))
		time.Sleep(20 * time.Hour)
		s := c.Status().Resources[0]
		failures := float64(s.Failures)
		require.Greater(t, failures, 3.0)
		want["aztoken.token.refresh.timestamp"+of] = seconds(s.RefreshOn)
		want[failuresOf] = failures
		want["aztoken.upstream.requests{aztoken.identity=default,aztoken.result=error,error.type=503}"] = failures
		want["aztoken.upstream.request.duration{aztoken.identity=default,aztoken.result=error,error.type=503}"] = failures
		want["aztoken.events{aztoken.event=failed,aztoken.identity=default}"] = failures
		require.Equal(t, want, samples(t, reader))
	})
	virtually(t, "of a store", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		backend := &telemetrytest.EmptyStore{}
		store, err := tokenstore.New(backend, make([]byte, tokenstore.KeySize))
		require.NoError(t, err)
		c := telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Store: store})
		require.Equal(t, map[string]float64{"aztoken.store.up{}": 1}, samples(t, reader))
		backend.Err = context.DeadlineExceeded
		require.NoError(t, c.Warm(t.Context(), resource))
		time.Sleep(time.Hour)
		require.Equal(t, map[string]float64{"aztoken.store.up{}": 0}, named(samples(t, reader), "aztoken.store"))
		require.NoError(t, c.Close())
		require.Empty(t, named(samples(t, reader), "aztoken.store"))
	})
	virtually(t, "of verifiers", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		imds := imdstest.New(nil)
		v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent, AllowRoleless: true})
		metrics.WatchVerifier(v)
		require.Empty(t, samples(t, reader))
		_, err := v.Verify(t.Context(), imds.Mint(resource))
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), imds.Mint("https://other.example.com"))
		require.ErrorIs(t, err, verify.ErrAudience)
		metrics.OnVerifyEvent(verify.Event{Kind: verify.EventKeyFileFailed})
		synctest.Wait()
		s := v.Status()
		require.Equal(t, map[string]float64{
			"aztoken.keys{}":                               float64(s.Keys),
			"aztoken.keys.fetched.timestamp{}":             seconds(s.FetchedOn),
			"aztoken.keys.expiry.timestamp{}":              seconds(s.ExpireOn),
			"aztoken.keys.fetch_failing{}":                 0,
			"aztoken.keys.fetches{aztoken.result=ok}":      1,
			"aztoken.rejected_tokens{error.type=audience}": 1,
			"aztoken.key_file.failures{}":                  1,
		}, samples(t, reader))
		imds.Issuer().Break(imdstest.Status(503))
		time.Sleep(30 * time.Hour)
		now := samples(t, reader)
		require.Greater(t, now["aztoken.keys.fetches{aztoken.result=error}"], 20.0)
		require.EqualValues(t, 1, now["aztoken.keys.fetch_failing{}"])
		require.Contains(t, now, "aztoken.keys{}")
		require.Zero(t, now["aztoken.keys{}"])
		require.NotContains(t, now, "aztoken.keys.expiry.timestamp{}")
		require.NoError(t, v.Close())
		require.NotContains(t, samples(t, reader), "aztoken.keys{}")
	})
}

// The instruments have the units and the temporality of the semantic conventions, and their schema.
func TestInstruments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		everything(t, metrics)
		scope := collect(t, reader)
		require.Equal(t, otelaztoken.ScopeName, scope.Scope.Name)
		require.Equal(t, semconv.SchemaURL, scope.Scope.SchemaURL)
		units := map[string]string{}
		for _, m := range scope.Metrics {
			units[m.Name] = m.Unit
			require.NotEmpty(t, m.Description, m.Name)
		}
		require.Equal(t, map[string]string{
			"aztoken.token.acquired.timestamp":      "s",
			"aztoken.token.refresh.timestamp":       "s",
			"aztoken.token.expiry.timestamp":        "s",
			"aztoken.upstream.consecutive_failures": "{failure}",
			"aztoken.upstream.requests":             "{request}",
			"aztoken.upstream.request.duration":     "s",
			"aztoken.events":                        "{event}",
			"aztoken.store.up":                      "",
			"aztoken.keys":                          "{key}",
			"aztoken.keys.fetched.timestamp":        "s",
			"aztoken.keys.expiry.timestamp":         "s",
			"aztoken.keys.fetch_failing":            "",
			"aztoken.keys.fetches":                  "{fetch}",
			"aztoken.rejected_tokens":               "{token}",
			"aztoken.key_file.failures":             "{failure}",
		}, units)
	})
}

// everything makes metrics watch a program in which every metric has a value.
func everything(t *testing.T, metrics *otelaztoken.Metrics) {
	t.Helper()
	imds := imdstest.New(nil)
	store, err := tokenstore.New(&telemetrytest.EmptyStore{}, make([]byte, tokenstore.KeySize))
	require.NoError(t, err)
	c := telemetrytest.Over(t, imds, metrics, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Store: store})
	require.NoError(t, c.Warm(t.Context(), resource))
	imds.Next(imdstest.Error(400, "invalid_resource", "AADSTS500011"))
	require.Error(t, c.Warm(t.Context(), "https://wrong.example.com"))
	v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent})
	metrics.WatchVerifier(v)
	require.NoError(t, v.Warm(t.Context()))
	_, err = v.Verify(t.Context(), "garbage")
	require.Error(t, err)
	metrics.OnVerifyEvent(verify.Event{Kind: verify.EventKeyFileFailed})
	synctest.Wait()
}

func TestClose(t *testing.T) {
	t.Parallel()
	virtually(t, "ends the gauges, and clients go on", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		c := telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{})
		require.NoError(t, c.Warm(t.Context(), resource))
		require.NotEmpty(t, named(samples(t, reader), "aztoken.token"))
		require.NoError(t, metrics.Close())
		require.Empty(t, named(samples(t, reader), "aztoken.token"))
		require.NoError(t, metrics.Close())
		_, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
	})
	t.Run("the global MeterProvider is there by default", func(t *testing.T) {
		t.Parallel()
		metrics, err := otelaztoken.New(nil)
		require.NoError(t, err)
		metrics.OnEvent(aztoken.Event{Kind: aztoken.EventFailed})
		require.NoError(t, metrics.Close())
	})
}

// Counters are cumulative, and gauges that are no longer observed disappear: no value outlives what
// it describes.
func TestTemporality(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		everything(t, metrics)
		for _, m := range collect(t, reader).Metrics {
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				require.Equal(t, metricdata.CumulativeTemporality, d.Temporality)
			case metricdata.Histogram[float64]:
				require.Equal(t, metricdata.CumulativeTemporality, d.Temporality)
				require.InDelta(t, 0.005, d.DataPoints[0].Bounds[0], 1e-9)
			}
		}
	})
}
