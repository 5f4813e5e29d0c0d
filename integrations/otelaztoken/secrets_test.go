package otelaztoken_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
)

// No attribute contains a secret or the text of an error, whatever endpoints, callers and the
// program's own code put into tokens, names and errors.
func TestAttributesHaveNoSecret(t *testing.T) {
	t.Parallel()
	telemetrytest.NoSecrets(t, func(t *testing.T) telemetrytest.Shown {
		metrics, reader := measured(t, otelaztoken.Options{})
		return telemetrytest.Shown{
			Metrics:   metrics,
			OnEventAs: func(name string, ev aztoken.Event) { metrics.As(name).OnEvent(ev) },
			Text: func() string {
				all := slices.Collect(maps.Keys(samples(t, reader)))
				require.NotEmpty(t, all)
				for _, series := range all {
					require.Less(t, len(series), 1000)
				}
				return strings.Join(all, "\n")
			},
		}
	})
}

// Collections, events, and clients that come and go, all at the same time.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	metrics, reader := measured(t, otelaztoken.Options{})
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for range 20 {
				c := telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{})
				_ = c.Warm(t.Context(), resource, fmt.Sprint(resource, i))
				_ = c.Close()
			}
		})
	}
	for range 100 {
		samples(t, reader)
	}
	clients.Wait()
	require.EqualValues(t, 4*20*2, samples(t, reader)["aztoken.upstream.requests{aztoken.identity=default,aztoken.result=ok}"])
}
