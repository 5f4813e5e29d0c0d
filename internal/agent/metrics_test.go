package agent_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
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
	"github.com/seed-ac726066/aztoken/tokenstore"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	t.Run("have each series once, and none of an identity that a caller made up", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			const nobody = "c0000000-0000-4000-8000-0000000000ff"
			f := start(t, imdstest.New(host()), one(agentfile.Identity{}))
			f.ask(t, f.appService("default", vault)).token(t)
			for _, id := range []string{"client_id", "principal_id"} {
				r := f.appService("default", vault, id, nobody)
				require.NotEqual(t, http.StatusOK, f.ask(t, r).status)
				f.ask(t, f.appService("default", vault)).token(t) // the resource is served
			}
			page := f.metrics()
			requireOnce(t, page)
			require.Contains(t, page, `aztoken_upstream_consecutive_failures{identity="other",resource="`+vault+`"} 1`)
			require.NotContains(t, page, nobody)
			f.ask(t, f.appService("default", vault, "client_id", clientB)).token(t)
			require.Contains(t, f.metrics(), `aztoken_token_expiry_timestamp_seconds{identity="`+clientB+`",`)
		})
	})
	t.Run("have each series once where callers ask for what assertions are for", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			const exchange = "api://AzureADTokenExchange"
			opts := host()
			opts.Applications = []imdstest.Application{{FederatedCredentials: []imdstest.FederatedCredential{{Subject: objectA}}}}
			f := start(t, imdstest.New(opts), one(agentfile.Identity{
				ClientID:   clientA,
				Federation: &agentfile.Federation{TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID},
			}))
			for _, resource := range []string{vault, exchange} {
				f.ask(t, f.appService("default", resource)).token(t)
			}
			requireOnce(t, f.metrics())
		})
	})
	t.Run("have a store as down while one client says so, and not for a client that is gone", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			broken := &backend{}
			store, err := tokenstore.New(broken, make([]byte, tokenstore.KeySize))
			require.NoError(t, err)
			set := metrics.NewSet()
			both := agentfile.Config{Store: "there", Identities: []agentfile.Identity{{Name: "a", ClientID: clientA}, {Name: "b", ClientID: clientB}}}
			f := &fixture{set: set}
			f.Agent, err = agent.New(checked(t, both), agent.Options{
				Client:  aztoken.Options{ClientOptions: clientOptions(imdstest.New(host())), Getenv: func(string) string { return "" }, Store: store},
				Address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 16930}, Metrics: set,
			})
			require.NoError(t, err)
			t.Cleanup(f.Close)
			require.Contains(t, f.metrics(), "aztoken_store_up 1\n")
			broken.isDown.Store(true)
			f.ask(t, f.appService("a", vault)).token(t)
			synctest.Wait()
			require.Contains(t, f.metrics(), "aztoken_store_up 0\n")
			both.Identities = both.Identities[1:]
			require.NoError(t, f.Reload(checked(t, both)))
			synctest.Wait()
			require.Contains(t, f.metrics(), "aztoken_store_up 1\n")
		})
	})
}

// requireOnce requires that a page has each series only once.
func requireOnce(t *testing.T, page string) {
	t.Helper()
	var lines strings.Builder
	for line := range strings.Lines(page) {
		if strings.Contains(line, "{") {
			lines.WriteString(line)
		}
	}
	ruletest.Samples(t, lines.String())
}

// backend is a store that has nothing, or fails.
type backend struct{ isDown atomic.Bool }

func (b *backend) Load(context.Context, string) ([]byte, error) {
	if b.isDown.Load() {
		return nil, errors.New("no disk")
	}
	return nil, tokenstore.ErrNotFound
}

func (b *backend) Save(context.Context, string, []byte, time.Time) error {
	if b.isDown.Load() {
		return errors.New("no disk")
	}
	return nil
}
