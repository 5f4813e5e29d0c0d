package promaztoken_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/promaztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

func Example() {
	registry := prometheus.NewRegistry() // or prometheus.DefaultRegisterer
	metrics := promaztoken.New(nil)
	registry.MustRegister(metrics)

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
	show(registry, "aztoken_upstream_consecutive_failures")
	client.Close() // its tokens are no longer shown
	show(registry, "aztoken_upstream_consecutive_failures")
	show(registry, "aztoken_upstream_requests_total")
	// Output:
	// aztoken_upstream_consecutive_failures{identity="default",resource="https://orders.example.com"} 0
	// aztoken_upstream_requests_total{identity="default",result="error"} 0
	// aztoken_upstream_requests_total{identity="default",result="ok"} 1
}

func ExampleMetrics_As() {
	registry := prometheus.NewRegistry()
	metrics := promaztoken.New(nil)
	registry.MustRegister(metrics)

	prices := metrics.As("prices") // a credential has no identity to use as a label
	client, err := aztoken.NewClient(&aztoken.Options{Credential: living(time.Hour), OnEvent: prices.OnEvent})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	prices.Watch(client)

	if err := client.Warm(context.Background(), "https://prices.example.com"); err != nil {
		log.Fatal(err)
	}
	show(registry, "aztoken_upstream_consecutive_failures")
	// Output:
	// aztoken_upstream_consecutive_failures{identity="prices",resource="https://prices.example.com"} 0
}

func ExampleMetrics_WatchVerifier() {
	registry := prometheus.NewRegistry()
	metrics := promaztoken.New(nil)
	registry.MustRegister(metrics)

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
	show(registry, "aztoken_keys_fetch_failing")
	verifier.Close() // its keys are no longer shown
	show(registry, "aztoken_keys_fetch_failing")
	show(registry, "aztoken_rejected_tokens_total")
	// Output:
	// true
	// aztoken_keys_fetch_failing 0
	// aztoken_rejected_tokens_total{reason="audience"} 1
}

// show prints the samples whose names have the given prefix, as Prometheus gets them.
func show(registry *prometheus.Registry, name string) {
	w := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, name) {
			fmt.Print(line)
		}
	}
}
