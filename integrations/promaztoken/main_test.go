package promaztoken_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/promaztoken"
	"github.com/seed-ac726066/aztoken/internal/telemetry/ruletest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const resource = "https://orders.example.com"

// virtually runs a parallel subtest in virtual time.
func virtually(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, f)
	})
}

// newClient returns a client that ends with the test.
func newClient(t *testing.T, opts aztoken.Options) *aztoken.Client {
	t.Helper()
	opts.Getenv = func(string) string { return "" }
	c, err := aztoken.NewClient(&opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// over returns a client of imds that is watched by metrics.
func over(t *testing.T, imds *imdstest.Server, metrics *promaztoken.Metrics, opts aztoken.Options) *aztoken.Client {
	t.Helper()
	opts.Transport, opts.OnEvent = imds, metrics.OnEvent
	c := newClient(t, opts)
	metrics.Watch(c)
	return c
}

// living is a credential whose tokens have this lifetime.
type living time.Duration

func (l living) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: fmt.Sprint("token-", time.Now().UnixNano()), ExpiresOn: time.Now().Add(time.Duration(l))}, nil
}

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
