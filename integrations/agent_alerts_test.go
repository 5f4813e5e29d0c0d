package integrations_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agent"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/telemetry/ruletest"
)

// TestAgentAlerts evaluates the alert rules of promaztoken with Prometheus on an agent's metrics
// during an outage: they fire while 12 h of cover are left.
func TestAgentAlerts(t *testing.T) {
	ruletest.Promtool(t)
	synctest.Test(t, func(t *testing.T) {
		const resource = "https://vault.azure.net"
		srv, set := imdstest.New(machine()), metrics.NewSet()
		config, err := agentfile.Config{Identities: []agentfile.Identity{{ClientID: orders.ClientID, Warm: []string{resource}}}}.Check()
		require.NoError(t, err)
		options := agent.Options{
			Client:  aztoken.Options{Getenv: func(string) string { return "" }},
			Address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 16930},
			Metrics: set, Logger: slog.New(slog.DiscardHandler),
		}
		options.Client.Transport = srv
		a, err := agent.New(config, options)
		require.NoError(t, err)
		t.Cleanup(a.Close)
		synctest.Wait()

		seen, half := ruletest.NewRecord(), 0
		expiry := seen.Start.Add(24 * time.Hour)
		for minute := range 15 * 60 {
			if minute == 60 {
				srv.Break(imdstest.Status(http.StatusServiceUnavailable))
			}
			synctest.Wait()
			var page bytes.Buffer
			set.WritePrometheus(&page)
			seen.Add(t, page.String())
			if time.Until(expiry) >= 12*time.Hour {
				half = minute
			}
			seen.AwaitMinute()
		}
		seen.Firing("", 60, 0)
		seen.Firing("AztokenRefreshFailing", half+3, 1) // the last refresh is due 14 minutes before half, and 15 must fail
		seen.Firing("AztokenHalfOfCoverLeft", half-10, 0)
		seen.Firing("AztokenHalfOfCoverLeft", half, 1)
		seen.Judge(t, "promaztoken/alerts.yaml")
	})
}
