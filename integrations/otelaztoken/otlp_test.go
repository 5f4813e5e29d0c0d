package otelaztoken_test

import (
	"context"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/tracing/azotel"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
)

// A collector gets the metrics and spans over both OTLP protocols, from the SDK's own exporters.
func TestOTLP(t *testing.T) {
	t.Parallel()
	for name, exporters := range map[string]func(*testing.T, *collector) (sdkmetric.Exporter, sdktrace.SpanExporter){
		"gRPC": func(t *testing.T, c *collector) (sdkmetric.Exporter, sdktrace.SpanExporter) {
			metrics, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithEndpoint(c.grpc))
			require.NoError(t, err)
			spans, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(c.grpc))
			require.NoError(t, err)
			return metrics, spans
		},
		"HTTP": func(t *testing.T, c *collector) (sdkmetric.Exporter, sdktrace.SpanExporter) {
			metrics, err := otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithInsecure(), otlpmetrichttp.WithEndpoint(c.http))
			require.NoError(t, err)
			spans, err := otlptracehttp.New(t.Context(), otlptracehttp.WithInsecure(), otlptracehttp.WithEndpoint(c.http))
			require.NoError(t, err)
			return metrics, spans
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector := startCollector(t)
			metricExporter, spanExporter := exporters(t, collector)
			meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metricExporter)))
			tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spanExporter))

			metrics, err := otelaztoken.New(&otelaztoken.Options{MeterProvider: meters})
			require.NoError(t, err)
			opts := aztoken.Options{}
			opts.TracingProvider = azotel.NewTracingProvider(tracers, nil)
			c := telemetrytest.Over(t, imdstest.New(nil), metrics, opts)
			tok, err := c.Token(t.Context(), resource)
			require.NoError(t, err)
			require.NoError(t, meters.ForceFlush(t.Context()))
			require.NoError(t, c.Close()) // delivers the pending events
			require.NoError(t, meters.Shutdown(context.WithoutCancel(t.Context())))
			require.NoError(t, tracers.Shutdown(context.WithoutCancel(t.Context())))

			expiry := collector.metric("aztoken.token.expiry.timestamp")
			require.Equal(t, "s", expiry.GetUnit())
			require.Len(t, expiry.GetGauge().GetDataPoints(), 1)
			point := expiry.GetGauge().GetDataPoints()[0]
			require.InDelta(t, seconds(tok.ExpiresOn), point.GetAsDouble(), 0.001)
			require.Equal(t, map[string]any{
				"aztoken.identity": "default", "aztoken.resource": resource, "aztoken.tenant": "", "aztoken.cae": false,
			}, plain(point.GetAttributes()))

			requests := collector.metric("aztoken.upstream.requests")
			require.True(t, requests.GetSum().GetIsMonotonic())
			require.EqualValues(t, 1, requests.GetSum().GetDataPoints()[0].GetAsInt())
			require.Equal(t, map[string]any{"aztoken.identity": "default", "aztoken.result": "ok"}, plain(requests.GetSum().GetDataPoints()[0].GetAttributes()))
			require.NotNil(t, collector.metric("aztoken.upstream.request.duration").GetHistogram())

			require.NotNil(t, collector.span("aztoken.IMDS"))
			require.Equal(t, collector.span("aztoken.IMDS").GetSpanId(), collector.span("HTTP GET").GetParentSpanId())
		})
	}
}

// plain returns attributes as plain Go values.
func plain(attributes []*commonpb.KeyValue) map[string]any {
	all := map[string]any{}
	for _, a := range attributes {
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			all[a.GetKey()] = v.StringValue
		case *commonpb.AnyValue_BoolValue:
			all[a.GetKey()] = v.BoolValue
		default:
			all[a.GetKey()] = v
		}
	}
	return all
}
