package otelaztoken_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/tracing/azotel"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

func Example() {
	reader := sdkmetric.NewManualReader() // in a program, a PeriodicReader of an OTLP exporter
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	metrics, err := otelaztoken.New(&otelaztoken.Options{MeterProvider: provider})
	if err != nil {
		log.Fatal(err)
	}
	defer metrics.Close()

	opts := &aztoken.Options{OnEvent: metrics.OnEvent}
	opts.Transport = imdstest.New(nil) // plays the host; leave it out on Azure
	client, err := aztoken.NewClient(opts)
	if err != nil {
		log.Fatal(err)
	}
	metrics.Watch(client)

	if err := client.Warm(context.Background(), "https://orders.example.com"); err != nil {
		log.Fatal(err)
	}
	show(reader, "aztoken.upstream.consecutive_failures")
	client.Close() // its tokens are no longer shown
	show(reader, "aztoken.upstream.consecutive_failures")
	show(reader, "aztoken.upstream.requests")
	// Output:
	// aztoken.upstream.consecutive_failures 0 aztoken.identity=default,aztoken.resource=https://orders.example.com
	// aztoken.upstream.requests 1 aztoken.identity=default,aztoken.result=ok
}

// Spans come from azcore, which traces requests to identity endpoints like those of every Azure SDK
// client.
func Example_spans() {
	recorder := tracetest.NewSpanRecorder() // in a program, a batcher of an OTLP exporter
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))

	opts := &aztoken.Options{}
	opts.TracingProvider = azotel.NewTracingProvider(provider, nil)
	opts.Transport = imdstest.New(nil)
	client, err := aztoken.NewClient(opts)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ctx, caller := provider.Tracer("orders").Start(context.Background(), "GET /orders")
	_, err = client.Token(ctx, "https://orders.example.com")
	caller.End()
	fmt.Println(err)
	for _, span := range recorder.Ended() {
		fmt.Println(span.Name(), span.Parent().IsValid(), span.SpanContext().TraceID() == caller.SpanContext().TraceID())
	}
	// Output:
	// <nil>
	// HTTP GET true false
	// aztoken.IMDS false false
	// GET /orders false true
}

func ExampleMetrics_As() {
	reader := sdkmetric.NewManualReader()
	metrics, err := otelaztoken.New(&otelaztoken.Options{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	if err != nil {
		log.Fatal(err)
	}
	defer metrics.Close()

	prices := metrics.As("prices") // a credential has no identity to use as an attribute
	client, err := aztoken.NewClient(&aztoken.Options{Credential: living(time.Hour), OnEvent: prices.OnEvent})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	prices.Watch(client)

	if err := client.Warm(context.Background(), "https://prices.example.com"); err != nil {
		log.Fatal(err)
	}
	show(reader, "aztoken.upstream.consecutive_failures")
	// Output:
	// aztoken.upstream.consecutive_failures 0 aztoken.identity=,aztoken.resource=https://prices.example.com,azure.client.id=prices
}

func ExampleMetrics_WatchVerifier() {
	reader := sdkmetric.NewManualReader()
	metrics, err := otelaztoken.New(&otelaztoken.Options{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	if err != nil {
		log.Fatal(err)
	}
	defer metrics.Close()

	imds := imdstest.New(nil) // plays Entra ID
	verifier, err := verify.New(&verify.Options{
		Audiences: []string{"https://orders.example.com"}, Tenants: []string{imdstest.DefaultTenantID},
		Authority: "https://entra.test", HTTPClient: imds.Client(),
		OnEvent: metrics.OnVerifyEvent,
	})
	if err != nil {
		log.Fatal(err)
	}
	metrics.WatchVerifier(verifier)

	_, err = verifier.Verify(context.Background(), imds.Mint("https://prices.example.com"))
	fmt.Println(err != nil)
	show(reader, "aztoken.keys.fetch_failing")
	verifier.Close() // its keys are no longer shown
	show(reader, "aztoken.keys.fetch_failing")
	show(reader, "aztoken.rejected_tokens")
	// Output:
	// true
	// aztoken.keys.fetch_failing 0
	// aztoken.rejected_tokens 1 error.type=audience
}

// show prints a metric that has whole numbers.
func show(reader *sdkmetric.ManualReader, name string) {
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		log.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			var points []metricdata.DataPoint[int64]
			switch d := m.Data.(type) {
			case metricdata.Gauge[int64]:
				points = d.DataPoints
			case metricdata.Sum[int64]:
				points = d.DataPoints
			}
			for _, p := range points {
				if m.Name == name {
					fmt.Println(strings.TrimSpace(fmt.Sprint(name, " ", p.Value, " ", p.Attributes.Encoded(attribute.DefaultEncoder()))))
				}
			}
		}
	}
}
