package otelaztoken_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/ruletest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
)

const rules = "../promaztoken/alerts.yaml"

// exported returns metrics, and the page that OpenTelemetry's Prometheus exporter makes of them.
func exported(t *testing.T) (metrics *otelaztoken.Metrics, page func() string) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutTargetInfo())
	require.NoError(t, err)
	metrics, err = otelaztoken.New(&otelaztoken.Options{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter))})
	require.NoError(t, err)
	return metrics, func() string {
		w := httptest.NewRecorder()
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		return w.Body.String()
	}
}

// In Prometheus the metrics have the same names as those of promaztoken, except
// aztoken_upstream_errors_total: here the request metric itself says how requests failed.
func TestNamesInPrometheus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		metrics, page := exported(t)
		everything(t, metrics)
		var names []string
		for _, found := range regexp.MustCompile(`(?m)^# TYPE (\S+)`).FindAllStringSubmatch(page(), -1) {
			names = append(names, found[1])
		}
		require.ElementsMatch(t, []string{
			"aztoken_token_acquired_timestamp_seconds", "aztoken_token_refresh_timestamp_seconds", "aztoken_token_expiry_timestamp_seconds",
			"aztoken_upstream_consecutive_failures", "aztoken_upstream_requests_total", "aztoken_upstream_request_duration_seconds",
			"aztoken_events_total", "aztoken_store_up",
			"aztoken_keys", "aztoken_keys_fetched_timestamp_seconds", "aztoken_keys_expiry_timestamp_seconds", "aztoken_keys_fetch_failing",
			"aztoken_keys_fetches_total", "aztoken_rejected_tokens_total", "aztoken_key_file_failures_total",
		}, names)
	})
}

// The rules of promaztoken work with these metrics: they fire while 12 h of cover are left.
func TestAlerts(t *testing.T) {
	t.Parallel()
	ruletest.Promtool(t)
	synctest.Test(t, func(t *testing.T) {
		metrics, page := exported(t)
		imds := imdstest.New(nil)
		c := telemetrytest.Over(t, imds, metrics, aztoken.Options{})
		wrong := telemetrytest.Over(t, imdstest.New(&imdstest.Options{Resources: []string{"https://another.example.com"}}), metrics, aztoken.Options{})
		seen := ruletest.NewRecord()
		half := 0
		for minute := range 15 * 60 {
			if minute == 60 {
				imds.Break(imdstest.Status(503))
			}
			tok, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			c.Invalidate(tok)
			_, err = wrong.Token(t.Context(), "https://wrong.example.com")
			require.Error(t, err)
			synctest.Wait()
			seen.Add(t, page())
			if time.Until(c.Status().Resources[0].ExpiresOn) >= 12*time.Hour {
				half = minute
			}
			seen.AwaitMinute()
		}
		seen.Firing("AztokenRefreshFailing", half+60, 2) // the host returns the same token for an hour, and each time the refresh is put off
		seen.Firing("AztokenHalfOfCoverLeft", half-10, 0)
		seen.Firing("AztokenHalfOfCoverLeft", half, 1)
		seen.Firing("AztokenTokensRejected", half, 1)
		seen.Firing("AztokenNoToken", half, 1)
		seen.Judge(t, rules)
	})
}

// The dashboard is the one of promaztoken with other queries, and each query returns data.
func TestDashboard(t *testing.T) {
	t.Parallel()
	theirs, _ := readDashboard(t, "../promaztoken/dashboard.json")
	ours, queries := readDashboard(t, "dashboard.json")
	require.Equal(t, theirs, ours)
	require.Greater(t, len(queries), 12)
	ruletest.Promtool(t)
	synctest.Test(t, func(t *testing.T) {
		metrics, page := exported(t)
		seen := ruletest.NewRecord()
		for range 10 {
			everything(t, metrics)
			seen.Add(t, page())
			time.Sleep(time.Minute)
		}
		for _, q := range queries {
			seen.Answered(q)
		}
		seen.Judge(t, rules)
	})
}

// readDashboard returns a dashboard without the parts that depend on the names of metrics and
// labels, and its queries.
func readDashboard(t *testing.T, file string) (dashboard map[string]any, queries []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &dashboard))
	delete(dashboard, "title")
	delete(dashboard, "uid")
	var strip func(any)
	strip = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, each := range v {
				strip(each)
			}
		case map[string]any:
			if expr, ok := v["expr"].(string); ok {
				queries = append(queries, expr)
			}
			for _, name := range []string{"expr", "legendFormat", "query", "definition"} {
				delete(v, name)
			}
			for _, each := range v {
				strip(each)
			}
		}
	}
	strip(dashboard)
	return dashboard, queries
}
