package otelaztoken_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
	"github.com/seed-ac726066/aztoken/internal/virtualtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const resource = "https://orders.example.com"

// virtually runs a parallel subtest in virtual time.
var virtually = virtualtime.Run

// living is a credential whose tokens have this lifetime.
type living = telemetrytest.Living

// measured returns metrics and the reader that collects them.
func measured(t *testing.T, opts otelaztoken.Options) (*otelaztoken.Metrics, *sdkmetric.ManualReader) {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	opts.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	metrics, err := otelaztoken.New(&opts)
	require.NoError(t, err)
	return metrics, reader
}

// collect returns the only scope of a collection.
func collect(t *testing.T, reader *sdkmetric.ManualReader) metricdata.ScopeMetrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	if len(all.ScopeMetrics) == 0 {
		return metricdata.ScopeMetrics{}
	}
	require.Len(t, all.ScopeMetrics, 1)
	return all.ScopeMetrics[0]
}

// samples returns the gauges, counters and histogram counts, by name with attributes.
func samples(t *testing.T, reader *sdkmetric.ManualReader) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for _, m := range collect(t, reader).Metrics {
		add := func(set attribute.Set, value float64) {
			series := m.Name + "{" + set.Encoded(attribute.DefaultEncoder()) + "}"
			require.NotContains(t, all, series)
			all[series] = value
		}
		switch d := m.Data.(type) {
		case metricdata.Gauge[float64]:
			for _, p := range d.DataPoints {
				add(p.Attributes, p.Value)
			}
		case metricdata.Gauge[int64]:
			for _, p := range d.DataPoints {
				add(p.Attributes, float64(p.Value))
			}
		case metricdata.Sum[int64]:
			require.True(t, d.IsMonotonic)
			for _, p := range d.DataPoints {
				add(p.Attributes, float64(p.Value))
			}
		case metricdata.Histogram[float64]:
			for _, p := range d.DataPoints {
				add(p.Attributes, float64(p.Count))
			}
		default:
			t.Fatalf("%s is a %T", m.Name, d)
		}
	}
	return all
}

// named returns the samples whose names have the given prefix.
func named(all map[string]float64, name string) map[string]float64 {
	found := map[string]float64{}
	for series, value := range all {
		if strings.HasPrefix(series, name) {
			found[series] = value
		}
	}
	return found
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
