package agent_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
)

// TestFederation: for an identity that is the credential of an app registration, the agent serves
// the tokens of the registration.
func TestFederation(t *testing.T) {
	t.Parallel()
	app := agentfile.Identity{
		Name: "a", ClientID: clientA,
		Federation: &agentfile.Federation{TenantID: imdstest.DefaultTenantID, ClientID: imdstest.DefaultApplicationID},
	}
	trusting := func() *imdstest.Server {
		opts := host()
		opts.Applications = []imdstest.Application{{FederatedCredentials: []imdstest.FederatedCredential{{Subject: objectA}}}}
		return imdstest.New(opts)
	}
	t.Run("through an outage of half an hour, whoever asks", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, trusting(), one(app))
			require.Equal(t, imdstest.DefaultApplicationID, f.holder(t, f.ask(t, f.appService("a", vault)).token(t)))
			time.Sleep(25 * time.Minute)
			f.ask(t, f.appService("a", vault)).token(t)
			f.upstream.BreakFor(30*time.Minute, imdstest.EntraDown())
			for range 30 {
				time.Sleep(time.Minute)
				require.Equal(t, http.StatusOK, f.ask(t, f.appService("a", vault)).status)
			}
		})
	})
	t.Run("instead of the identity's after a reload", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, trusting(), one(agentfile.Identity{Name: "a", ClientID: clientA}))
			require.Equal(t, clientA, f.holder(t, f.ask(t, f.appService("a", vault)).token(t)))
			require.NoError(t, f.Reload(checked(t, one(app))))
			require.Equal(t, imdstest.DefaultApplicationID, f.holder(t, f.ask(t, f.appService("a", vault)).token(t)))
		})
	})
	t.Run("not without the identity, which is said to be what is missing", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			lost := app
			lost.ClientID = "c0000000-0000-4000-8000-0000000000ff"
			f := start(t, trusting(), one(lost))
			got := f.ask(t, f.appService("a", vault))
			require.Equal(t, http.StatusBadRequest, got.status)
			said := fmt.Sprint(got.members)
			require.Contains(t, said, "no assertion")
			require.Contains(t, said, lost.ClientID)
		})
	})
	t.Run("by the name of the application alone", func(t *testing.T) {
		virtually(t, func(t *testing.T) {
			f := start(t, trusting(), one(app))
			for id, status := range map[string]int{imdstest.DefaultApplicationID: http.StatusOK, clientA: http.StatusBadRequest, clientB: http.StatusBadRequest} {
				r := f.appService("a", vault)
				query := r.URL.Query()
				query.Set("client_id", id)
				r.URL.RawQuery = query.Encode()
				require.Equal(t, status, f.ask(t, r).status, id)
			}
		})
	})
}
