package otelaztoken_test

import (
	"os"
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/Azure/azure-sdk-for-go/sdk/tracing/azotel"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
)

var _ = pageOfClients

// pageOfClients has the code of docs/telemetry.md, to check that it compiles.
func pageOfClients() error {
	metrics, err := otelaztoken.New(nil) // uses the global MeterProvider
	if err != nil {
		return err
	}
	defer metrics.Close()

	opts := &aztoken.Options{OnEvent: metrics.OnEvent}
	opts.TracingProvider = azotel.NewTracingProvider(otel.GetTracerProvider(), nil)
	client, err := aztoken.NewClient(opts)
	if err != nil {
		return err
	}
	defer client.Close()
	metrics.Watch(client)
	return nil
}

func TestPage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/telemetry.md")
	require.NoError(t, err)
	text := string(raw)
	source, err := os.ReadFile("page_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(text, -1)
	require.Contains(t, string(source), regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(blocks[1][1], "\t$1"))
	require.Contains(t, text, "`"+otelaztoken.ScopeName+"`")
	synctest.Test(t, func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		everything(t, metrics)
		scope := collect(t, reader)
		for _, m := range scope.Metrics {
			require.Regexp(t, "(?m)^\\|.*`"+regexp.QuoteMeta(m.Name)+"`.*\\| (gauge|counter|histogram) \\| "+regexp.QuoteMeta(m.Unit)+" ?\\|", text)
		}
		require.Len(t, regexp.MustCompile("`aztoken\\.(token|upstream|store|keys|events|rejected_tokens|key_file)\\b").FindAllString(text, -1), len(scope.Metrics))
	})
}
