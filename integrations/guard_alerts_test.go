package integrations_test

import (
	"bytes"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/extauth"
	"github.com/seed-ac726066/aztoken/internal/telemetry/ruletest"
)

// TestGuardAlerts evaluates the alert rules of promaztoken with Prometheus on a guard's metrics
// during an outage: they fire while 12 h of cover are left, and when there are no keys.
func TestGuardAlerts(t *testing.T) {
	ruletest.Promtool(t)
	synctest.Test(t, func(t *testing.T) {
		entra, set := imdstest.New(nil), metrics.NewSet()
		config, err := extauth.Config{
			Audiences: []string{"https://orders.example.com"}, Tenants: []string{imdstest.DefaultTenantID},
			Authority: "https://imds.test", Proxy: "nginx", Required: extauth.Entry{Roles: []string{"reader"}},
		}.Check()
		require.NoError(t, err)
		guard, err := extauth.New(config, extauth.Options{HTTPClient: entra.Client(), Metrics: set})
		require.NoError(t, err)
		t.Cleanup(guard.Close)
		synctest.Wait()

		const begin, end = 60, 28 * 60
		seen, half, gone := ruletest.NewRecord(), 0, 0
		for minute := range end + 60 {
			switch minute {
			case begin:
				entra.Issuer().Break(imdstest.Status(http.StatusServiceUnavailable))
			case end:
				entra.Issuer().Recover()
			}
			synctest.Wait()
			var page bytes.Buffer
			set.WritePrometheus(&page)
			seen.Add(t, page.String())
			samples := ruletest.Samples(t, page.String())
			left := time.Until(time.Unix(int64(samples["aztoken_keys_expiry_timestamp_seconds"]), 0))
			if half == 0 && left < 12*time.Hour {
				half = minute
			}
			if gone == 0 && samples["aztoken_keys"] == 0 {
				gone = minute
			}
			seen.AwaitMinute()
		}
		seen.Firing("", begin, 0)
		seen.Firing("AztokenKeysFetchFailing", half, 1)
		seen.Firing("AztokenHalfOfKeyCoverLeft", half-1, 0)
		seen.Firing("AztokenHalfOfKeyCoverLeft", half+3, 1)
		seen.Firing("AztokenNoKeys", gone-1, 0)
		seen.Firing("AztokenNoKeys", gone+3, 1)
		seen.Firing("", end+59, 0)
		seen.Judge(t, "promaztoken/alerts.yaml")
	})
}
