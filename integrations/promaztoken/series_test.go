package promaztoken_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/promaztoken"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
)

func TestSeriesDoNotCollide(t *testing.T) {
	t.Parallel()
	type expiry = map[string]float64
	expiries := func(t *testing.T, registry *prometheus.Registry) expiry {
		all := samples(t, registry)
		for series := range all {
			if !strings.Contains(series, "aztoken_token_expiry_timestamp_seconds") {
				delete(all, series)
			}
		}
		return all
	}
	series := func(identity, resource, tenant string, cae bool) string {
		return fmt.Sprintf("aztoken_token_expiry_timestamp_seconds{cae=\"%t\",identity=%q,resource=%q,tenant=%q}", cae, identity, resource, tenant)
	}
	virtually(t, "of clients with one identity: the one that ends first is shown, and counters are sums", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		for i := range 5 {
			c := telemetrytest.Over(t, imdstest.New(&imdstest.Options{TokenLifetime: time.Duration(5-i) * time.Hour}), metrics, aztoken.Options{})
			require.NoError(t, c.Warm(t.Context(), resource))
		}
		synctest.Wait()
		require.Equal(t, expiry{series("default", resource, "", false): seconds(time.Now().Add(time.Hour))}, expiries(t, registry))
		require.EqualValues(t, 5, samples(t, registry)[`aztoken_upstream_requests_total{identity="default",result="ok"}`])
	})
	virtually(t, "of a client that was closed and made again", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		imds := imdstest.New(nil)
		for range 3 {
			c := telemetrytest.Over(t, imds, metrics, aztoken.Options{})
			require.NoError(t, c.Warm(t.Context(), resource))
			require.Len(t, expiries(t, registry), 1)
			require.NoError(t, c.Close())
			require.Empty(t, expiries(t, registry))
		}
		require.EqualValues(t, 3, samples(t, registry)[`aztoken_upstream_requests_total{identity="default",result="ok"}`])
	})
	virtually(t, "of several tenants, with and without CAE", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		c := clienttest.New(t, aztoken.Options{Credential: living(time.Hour), OnEvent: metrics.OnEvent})
		metrics.Watch(c)
		want := expiry{}
		for _, tenant := range []string{"", "a", "b"} {
			for _, cae := range []bool{false, true} {
				_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, TenantID: tenant, EnableCAE: cae})
				require.NoError(t, err)
				want[series("", resource, tenant, cae)] = seconds(time.Now().Add(time.Hour))
			}
		}
		require.Equal(t, want, expiries(t, registry))
	})
	virtually(t, "of credentials, which have no identity, under names", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		want := expiry{}
		for i, name := range []string{"orders", "prices", "default", ""} {
			named := metrics.As(name)
			c := clienttest.New(t, aztoken.Options{Credential: living(time.Duration(i+1) * time.Hour), OnEvent: named.OnEvent})
			named.Watch(c)
			require.NoError(t, c.Warm(t.Context(), resource))
			want[series(name, resource, "", false)] = seconds(time.Now().Add(time.Duration(i+1) * time.Hour))
		}
		synctest.Wait()
		require.Equal(t, want, expiries(t, registry))
		require.EqualValues(t, 1, samples(t, registry)[`aztoken_upstream_requests_total{identity="prices",result="ok"}`])
	})
	virtually(t, "of resources that differ in what a label could lose", func(t *testing.T) {
		metrics, registry := registered(t, nil)
		c := telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{})
		want := expiry{}
		for _, r := range []string{resource, resource + "/", `https://a"b`, `https://a\b`, `https://a{b="c"}`, "other"} {
			require.NoError(t, c.Warm(t.Context(), r))
			want[series("default", r, "", false)] = seconds(time.Now().Add(24 * time.Hour))
		}
		require.Equal(t, want, expiries(t, registry))
	})
	t.Run("in a registry: a second Metrics is an error, unless it is labeled", func(t *testing.T) {
		t.Parallel()
		registry := prometheus.NewPedanticRegistry()
		require.NoError(t, registry.Register(promaztoken.New(nil)))
		require.ErrorAs(t, registry.Register(promaztoken.New(nil)), &prometheus.AlreadyRegisteredError{})

		registry = prometheus.NewPedanticRegistry()
		for _, part := range []string{"a", "b"} {
			metrics := promaztoken.New(nil)
			require.NoError(t, prometheus.WrapRegistererWith(prometheus.Labels{"part": part}, registry).Register(metrics))
			require.NoError(t, telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{}).Warm(t.Context(), resource))
		}
		_, err := registry.Gather()
		require.NoError(t, err)
	})
}

func TestMaxResources(t *testing.T) {
	t.Parallel()
	virtually(t, "bounds the series of resources that callers name", func(t *testing.T) {
		metrics, registry := registered(t, &promaztoken.Options{MaxResources: 10})
		imds := imdstest.New(nil)
		c := telemetrytest.Over(t, imds, metrics, aztoken.Options{})
		for i := range 100 {
			require.NoError(t, c.Warm(t.Context(), fmt.Sprint("https://", i)))
			if i%10 == 9 {
				scrape(t, registry)
			}
		}
		imds.Break(imdstest.Error(400, "invalid_resource", "AADSTS500011"))
		for i := range 100 {
			require.Error(t, c.Warm(t.Context(), fmt.Sprint("https://made-up-", i)))
			scrape(t, registry)
			time.Sleep(time.Minute)
		}
		families := parse(t, scrape(t, registry))
		require.Len(t, families["aztoken_token_expiry_timestamp_seconds"].GetMetric(), 11)
		require.LessOrEqual(t, len(families["aztoken_upstream_consecutive_failures"].GetMetric()), 21)
		require.Contains(t, samples(t, registry), `aztoken_token_expiry_timestamp_seconds{cae="false",identity="default",resource="other",tenant=""}`)
	})
	virtually(t, "bounds the series of identities", func(t *testing.T) {
		metrics, registry := registered(t, &promaztoken.Options{MaxResources: 10})
		for i := range 100 {
			named := metrics.As(fmt.Sprint("identity-", i))
			c := clienttest.New(t, aztoken.Options{Credential: living(time.Hour), OnEvent: named.OnEvent})
			named.Watch(c)
			require.NoError(t, c.Warm(t.Context(), resource))
		}
		synctest.Wait()
		families := parse(t, scrape(t, registry))
		require.Len(t, families["aztoken_upstream_requests_total"].GetMetric(), 22)
		require.LessOrEqual(t, len(families["aztoken_token_expiry_timestamp_seconds"].GetMetric()), 11)
		require.EqualValues(t, 90, samples(t, registry)[`aztoken_upstream_requests_total{identity="other",result="ok"}`])
	})
}
