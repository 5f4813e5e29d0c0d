package promaztoken_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/integrations/promaztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

// page is the documentation of this package.
const page = "../../docs/telemetry.md"

var (
	_ = pageOfClients
	_ = pageOfVerifiers
)

// The functions have the code of the page, to check that it compiles.

func pageOfClients() error {
	metrics := promaztoken.New(nil)
	prometheus.MustRegister(metrics)

	client, err := aztoken.NewClient(&aztoken.Options{OnEvent: metrics.OnEvent})
	if err != nil {
		return err
	}
	defer client.Close()
	metrics.Watch(client)
	return nil
}

func pageOfVerifiers(metrics *promaztoken.Metrics) error {
	verifier, err := verify.New(&verify.Options{
		Audiences: []string{"https://orders.example.com"},
		Tenants:   []string{"7e000000-0000-4000-8000-000000000001"},
		OnEvent:   metrics.OnVerifyEvent,
	})
	if err != nil {
		return err
	}
	defer verifier.Close()
	metrics.WatchVerifier(verifier)
	return nil
}

func TestPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	source, err := os.ReadFile("page_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Len(t, blocks, 3)
	for _, block := range []string{blocks[0][1], blocks[2][1]} {
		require.Contains(t, string(source), regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(block, "\t$1"))
	}
	rules, err := os.ReadFile("alerts.yaml")
	require.NoError(t, err)
	alerts := regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(string(rules), -1)
	require.Len(t, alerts, strings.Count(string(text), "| `Aztoken"))
	for _, alert := range alerts {
		require.Contains(t, string(text), "| `"+alert[1]+"` |")
	}
	for name := range known() {
		require.Contains(t, string(text), "| `"+name+"` |")
	}
	require.Len(t, known(), strings.Count(string(text), "| `aztoken_"))
}
