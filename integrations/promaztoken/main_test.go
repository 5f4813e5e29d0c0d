package promaztoken_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken/integrations/promaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/ruletest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
	"github.com/seed-ac726066/aztoken/internal/virtualtime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const resource = "https://orders.example.com"

// virtually runs a parallel subtest in virtual time.
var virtually = virtualtime.Run

// living is a credential whose tokens have this lifetime.
type living = telemetrytest.Living

// registered returns metrics and a registry that has them and checks everything that is collected.
func registered(t *testing.T, opts *promaztoken.Options) (*promaztoken.Metrics, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	metrics := promaztoken.New(opts)
	require.NoError(t, registry.Register(metrics))
	return metrics, registry
}

// scrape returns the page of a registry, as Prometheus gets it.
func scrape(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	page := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w.Body.String()
}

// parse reads a page as Prometheus does.
func parse(t *testing.T, page string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	require.NoError(t, err)
	return families
}

// samples returns the samples of a page, by name with labels. Prometheus' own parser must accept
// the page too.
func samples(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	page := scrape(t, registry)
	parse(t, page)
	return ruletest.Samples(t, page)
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
