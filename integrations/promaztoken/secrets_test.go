package promaztoken_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
)

// The page contains no secret and no text of an error, and can be parsed, whatever endpoints,
// callers and the program's own code put into tokens, names and errors.
func TestThePageHasNoSecret(t *testing.T) {
	t.Parallel()
	telemetrytest.NoSecrets(t, func(t *testing.T) telemetrytest.Shown {
		metrics, registry := registered(t, nil)
		return telemetrytest.Shown{
			Metrics:   metrics,
			OnEventAs: func(name string, ev aztoken.Event) { metrics.As(name).OnEvent(ev) },
			Text: func() string {
				text := scrape(t, registry)
				parse(t, text)
				require.Less(t, len(text), 20_000)
				return text
			},
		}
	})
}

// Scrapes, events, and clients that come and go, all at the same time.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	metrics, registry := registered(t, nil)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 20 {
				c := telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{})
				_ = c.Warm(t.Context(), resource, resource+"/")
				metrics.As("again").Watch(c)
				_ = c.Close()
			}
		}()
	}
	for ended := 0; ended < 4; {
		select {
		case <-done:
			ended++
		default:
			parse(t, scrape(t, registry))
		}
	}
	require.EqualValues(t, 4*20*2, samples(t, registry)[`aztoken_upstream_requests_total{identity="default",result="ok"}`])
}
