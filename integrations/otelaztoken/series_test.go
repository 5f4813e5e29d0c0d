package otelaztoken_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/otelaztoken"
	"github.com/seed-ac726066/aztoken/internal/clienttest"
	"github.com/seed-ac726066/aztoken/internal/telemetry/telemetrytest"
)

func TestSeriesDoNotCollide(t *testing.T) {
	t.Parallel()
	series := func(client, identity, resource, tenant string, cae bool) string {
		if client != "" {
			client = ",azure.client.id=" + client
		}
		return fmt.Sprintf("aztoken.token.expiry.timestamp{aztoken.cae=%t,aztoken.identity=%s,aztoken.resource=%s,aztoken.tenant=%s%s}", cae, identity, resource, tenant, client)
	}
	virtually(t, "of clients with one identity: the one that ends first is shown, and counters are sums", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		for i := range 5 {
			c := telemetrytest.Over(t, imdstest.New(&imdstest.Options{TokenLifetime: time.Duration(5-i) * time.Hour}), metrics, aztoken.Options{})
			require.NoError(t, c.Warm(t.Context(), resource))
		}
		synctest.Wait()
		all := samples(t, reader)
		require.Equal(t, map[string]float64{series("", "default", resource, "", false): seconds(time.Now().Add(time.Hour))}, named(all, "aztoken.token.expiry"))
		require.EqualValues(t, 5, all["aztoken.upstream.requests{aztoken.identity=default,aztoken.result=ok}"])
	})
	virtually(t, "of a client that was closed and made again", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		imds := imdstest.New(nil)
		for range 3 {
			c := telemetrytest.Over(t, imds, metrics, aztoken.Options{})
			require.NoError(t, c.Warm(t.Context(), resource))
			require.Len(t, named(samples(t, reader), "aztoken.token.expiry"), 1)
			require.NoError(t, c.Close())
			require.Empty(t, named(samples(t, reader), "aztoken.token"))
		}
		require.EqualValues(t, 3, samples(t, reader)["aztoken.upstream.requests{aztoken.identity=default,aztoken.result=ok}"])
	})
	virtually(t, "of several tenants, with and without CAE", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		c := clienttest.New(t, aztoken.Options{Credential: living(time.Hour), OnEvent: metrics.OnEvent})
		metrics.Watch(c)
		want := map[string]float64{}
		for _, tenant := range []string{"", "a", "b"} {
			for _, cae := range []bool{false, true} {
				_, err := c.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource}, TenantID: tenant, EnableCAE: cae})
				require.NoError(t, err)
				want[series("", "", resource, tenant, cae)] = seconds(time.Now().Add(time.Hour))
			}
		}
		require.Equal(t, want, named(samples(t, reader), "aztoken.token.expiry"))
	})
	virtually(t, "of clients with names", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{})
		want := map[string]float64{}
		for i, name := range []string{"orders", "prices", "default", ""} {
			named := metrics.As(name)
			c := clienttest.New(t, aztoken.Options{Credential: living(time.Duration(i+1) * time.Hour), OnEvent: named.OnEvent})
			named.Watch(c)
			require.NoError(t, c.Warm(t.Context(), resource))
			want[series(name, "", resource, "", false)] = seconds(time.Now().Add(time.Duration(i+1) * time.Hour))
		}
		synctest.Wait()
		require.Equal(t, want, named(samples(t, reader), "aztoken.token.expiry"))
		require.EqualValues(t, 1, samples(t, reader)["aztoken.upstream.requests{aztoken.identity=,aztoken.result=ok,azure.client.id=prices}"])
	})
	virtually(t, "where callers name resources without end", func(t *testing.T) {
		metrics, reader := measured(t, otelaztoken.Options{MaxResources: 10})
		c := telemetrytest.Over(t, imdstest.New(nil), metrics, aztoken.Options{})
		for i := range 100 {
			require.NoError(t, c.Warm(t.Context(), fmt.Sprint("https://", i)))
			samples(t, reader)
		}
		all := named(samples(t, reader), "aztoken.token.expiry")
		require.Len(t, all, 11)
		require.Contains(t, all, series("", "default", "other", "", false))
	})
}
