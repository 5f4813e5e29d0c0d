package promaztoken_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
	"github.com/seed-ac726066/aztoken/tokenstore"
	"github.com/seed-ac726066/aztoken/verify"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	virtually(t, "of a client that works, and then fails", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		imds := imdstest.New(nil)
		c := telemetrytest.Over(t, imds, metrics, aztoken.Options{})
		require.Equal(t, map[string]float64{
			`aztoken_upstream_requests_total{identity="default",result="error"}`: 0,
			`aztoken_upstream_requests_total{identity="default",result="ok"}`:    0,
			`aztoken_key_file_failures_total`:                                    0,
		}, samples(t, registry))

		tok, err := c.Token(t.Context(), resource)
		require.NoError(t, err)
		synctest.Wait()
		labels := `{cae="false",identity="default",resource="https://orders.example.com",tenant=""}`
		want := map[string]float64{
			"aztoken_token_acquired_timestamp_seconds" + labels:                                               seconds(tok.AcquiredOn),
			"aztoken_token_refresh_timestamp_seconds" + labels:                                                seconds(tok.RefreshOn),
			"aztoken_token_expiry_timestamp_seconds" + labels:                                                 seconds(tok.ExpiresOn),
			`aztoken_upstream_consecutive_failures{identity="default",resource="https://orders.example.com"}`: 0,
			`aztoken_upstream_requests_total{identity="default",result="error"}`:                              0,
			`aztoken_upstream_requests_total{identity="default",result="ok"}`:                                 1,
			`aztoken_events_total{identity="default",kind="acquired"}`:                                        1,
			`aztoken_key_file_failures_total`:                                                                 0,
		}
		require.Equal(t, want, without(samples(t, registry), "duration"))

		_, err = c.Token(t.Context(), resource)
		require.NoError(t, err)
		imds.Break(imdstest.Status(503))
		time.Sleep(20 * time.Hour)
		s := c.Status().Resources[0]
		want["aztoken_token_refresh_timestamp_seconds"+labels] = seconds(s.RefreshOn)
		failures := float64(s.Failures)
		require.Greater(t, failures, 3.0)
		want[`aztoken_upstream_consecutive_failures{identity="default",resource="https://orders.example.com"}`] = failures
		want[`aztoken_upstream_requests_total{identity="default",result="error"}`] = failures
		want[`aztoken_upstream_errors_total{error_type="503",identity="default"}`] = failures
		want[`aztoken_events_total{identity="default",kind="failed"}`] = failures
		require.Equal(t, want, without(samples(t, registry), "duration"))

		histogram := parse(t, scrape(t, registry))["aztoken_upstream_request_duration_seconds"].GetMetric()
		require.Len(t, histogram, 2)
		require.EqualValues(t, failures, histogram[0].GetHistogram().GetSampleCount())
	})
	virtually(t, "of a store", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		backend := &telemetrytest.EmptyStore{}
		store, err := tokenstore.New(backend, make([]byte, tokenstore.KeySize))
		require.NoError(t, err)
		c := telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{ID: aztoken.ClientID(imdstest.DefaultClientID), Store: store})
		require.EqualValues(t, 1, samples(t, registry)["aztoken_store_up"])
		backend.Err = context.DeadlineExceeded
		require.NoError(t, c.Warm(t.Context(), resource))
		time.Sleep(time.Hour)
		now := samples(t, registry)
		require.Contains(t, now, "aztoken_store_up")
		require.Zero(t, now["aztoken_store_up"])
		require.EqualValues(t, 1, now[`aztoken_events_total{identity="`+imdstest.DefaultClientID+`",kind="store_failed"}`])
		require.NoError(t, c.Close())
		require.NotContains(t, samples(t, registry), "aztoken_store_up")
	})
	virtually(t, "of verifiers", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		imds := imdstest.New(nil)
		v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent, AllowRoleless: true})
		metrics.WatchVerifier(v)
		require.Equal(t, map[string]float64{
			`aztoken_keys_fetches_total{result="error"}`: 0, `aztoken_keys_fetches_total{result="ok"}`: 0,
			`aztoken_key_file_failures_total`: 0,
		}, samples(t, registry))
		_, err := v.Verify(t.Context(), imds.Mint(resource))
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), imds.Mint("https://other.example.com"))
		require.ErrorIs(t, err, verify.ErrAudience)
		_, err = v.Verify(t.Context(), "garbage")
		require.ErrorIs(t, err, verify.ErrMalformed)
		synctest.Wait()
		s := v.Status()
		require.Equal(t, map[string]float64{
			"aztoken_keys":                                      float64(s.Keys),
			"aztoken_keys_fetched_timestamp_seconds":            seconds(s.FetchedOn),
			"aztoken_keys_expiry_timestamp_seconds":             seconds(s.ExpireOn),
			"aztoken_keys_fetch_failing":                        0,
			`aztoken_keys_fetches_total{result="error"}`:        0,
			`aztoken_keys_fetches_total{result="ok"}`:           1,
			`aztoken_rejected_tokens_total{reason="audience"}`:  1,
			`aztoken_rejected_tokens_total{reason="malformed"}`: 1,
			`aztoken_key_file_failures_total`:                   0,
		}, samples(t, registry))
		imds.Issuer().Break(imdstest.Status(503))
		time.Sleep(30 * time.Hour)
		now := samples(t, registry)
		require.Contains(t, now, "aztoken_keys")
		require.Zero(t, now["aztoken_keys"])
		require.EqualValues(t, 1, now["aztoken_keys_fetch_failing"])
		require.NotContains(t, now, "aztoken_keys_expiry_timestamp_seconds")
		require.Greater(t, now[`aztoken_keys_fetches_total{result="error"}`], 20.0)
	})
	t.Run("of a key file", func(t *testing.T) {
		t.Parallel()
		metrics, registry := registered(t, nil)
		metrics.OnVerifyEvent(verify.Event{Kind: verify.EventKeyFileFailed})
		require.EqualValues(t, 1, samples(t, registry)["aztoken_key_file_failures_total"])
	})
}

// without returns the samples whose names do not contain word.
func without(all map[string]float64, word string) map[string]float64 {
	for series := range all {
		if strings.Contains(series, word) {
			delete(all, series)
		}
	}
	return all
}

// The page over HTTP, as Prometheus gets it, passes Prometheus' own linter.
func TestOverHTTP(t *testing.T) {
	t.Parallel()
	metrics, registry := registered(t, nil)
	imds := imdstest.New(nil)
	c := telemetrytest.Over(t, imds, metrics, aztoken.Options{})
	require.NoError(t, c.Warm(t.Context(), resource))
	imds.Break(imdstest.Error(400, "invalid_resource", "AADSTS500011"))
	require.Error(t, c.Warm(t.Context(), "https://wrong.example.com"))
	v := imds.Verifier(t, &verify.Options{Audiences: []string{resource}, OnEvent: metrics.OnVerifyEvent})
	metrics.WatchVerifier(v)
	require.NoError(t, v.Warm(t.Context()))
	require.NoError(t, c.Close()) // delivers the pending events

	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	resp, err := http.Get(server.URL)
	require.NoError(t, err)
	defer resp.Body.Close()
	problems, err := promlint.New(resp.Body).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	http.DefaultClient.CloseIdleConnections()
}
