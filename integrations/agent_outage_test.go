package integrations_test

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/managedidentity"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agent"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
)

// outage is how long upstream is down, whichever hour of the token's life it begins in.
const outage = 12 * time.Hour

// TestAgentCoversGoClients has clients in virtual time ask an agent for a token every five minutes,
// while upstream is down for twelve hours that begin in each hour of the token's life, and the same
// clients ask the host itself.
func TestAgentCoversGoClients(t *testing.T) {
	for name, newClient := range map[string]func(*testing.T, http.RoundTripper) tokenGetter{
		"azidentity": azidentityOver, "MSAL Go": msalOver,
	} {
		t.Run(name, func(t *testing.T) {
			var alone outcomes
			for hour := range 24 {
				resource := resourceOf(t) // MSAL's cache is the process's
				with := outcomes{}
				synctest.Test(t, func(t *testing.T) {
					srv := imdstest.New(machine())
					through, env := agentOver(t, srv)
					env.Setenv(t)
					with = askThrough(t, srv, newClient(t, through), resource, hour)
				})
				require.Zero(t, with.failed, "the outage began in hour %d", hour)
				require.Zero(t, with.waited, "the outage began in hour %d", hour)
				resource = resourceOf(t)
				synctest.Test(t, func(t *testing.T) {
					srv := imdstest.New(machine())
					srv.AppService().Setenv(t)
					got := askThrough(t, srv, newClient(t, srv), resource, hour)
					alone.calls, alone.failed, alone.waited = alone.calls+got.calls, alone.failed+got.failed, alone.waited+got.waited
				})
			}
			t.Logf("%s without the agent: %d calls, %d failed, %d waited for an endpoint that was down", name, alone.calls, alone.failed, alone.waited)
			require.Positive(t, alone.failed+alone.waited, "the agent would change nothing")
		})
	}
}

// outcomes are what a client's calls met.
type outcomes struct{ calls, failed, waited int }

// tokenGetter is a client of one identity.
type tokenGetter func(resource string) error

func askThrough(t *testing.T, srv *imdstest.Server, get tokenGetter, resource string, hour int) (o outcomes) {
	t.Helper()
	require.NoError(t, get(resource))
	begin := time.Now().Add(time.Duration(hour) * time.Hour)
	for end := begin.Add(outage + time.Hour); time.Now().Before(end); time.Sleep(5 * time.Minute) {
		if !begin.IsZero() && !time.Now().Before(begin) {
			srv.BreakFor(outage, imdstest.Status(http.StatusServiceUnavailable))
			begin = time.Time{}
		}
		start := time.Now()
		o.calls++
		if get(resource) != nil {
			o.failed++
		} else if time.Since(start) > 0 {
			o.waited++
		}
	}
	return o
}

// agentOver returns an agent as a transport, and the environment of its callers.
func agentOver(t *testing.T, srv *imdstest.Server) (http.RoundTripper, imdstest.Environment) {
	t.Helper()
	config, err := agentfile.Config{Identities: []agentfile.Identity{{ClientID: orders.ClientID}}}.Check()
	require.NoError(t, err)
	options := agent.Options{
		Client:  aztoken.Options{Getenv: func(string) string { return "" }},
		Address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 16930},
		Logger:  slog.New(slog.DiscardHandler),
	}
	options.Client.Transport = srv
	a, err := agent.New(config, options)
	require.NoError(t, err)
	t.Cleanup(a.Close)
	return handlerTransport{a}, imdstest.Environment(a.Environments()[agentfile.DefaultName])
}

// handlerTransport is a transport without a network.
type handlerTransport struct{ http.Handler }

// RoundTrip implements [http.RoundTripper].
func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w, received := httptest.NewRecorder(), r.Clone(r.Context())
	if received.Body == nil {
		received.Body = http.NoBody
	}
	h.ServeHTTP(w, received)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func azidentityOver(t *testing.T, through http.RoundTripper) tokenGetter {
	t.Helper()
	opts := &azidentity.ManagedIdentityCredentialOptions{ID: azidentity.ClientID(orders.ClientID)}
	opts.Transport = &http.Client{Transport: through}
	credential, err := azidentity.NewManagedIdentityCredential(opts)
	require.NoError(t, err)
	return func(resource string) error {
		_, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}})
		return err
	}
}

func msalOver(t *testing.T, through http.RoundTripper) tokenGetter {
	t.Helper()
	client, err := managedidentity.New(managedidentity.UserAssignedClientID(orders.ClientID), managedidentity.WithHTTPClient(&http.Client{Transport: through}))
	require.NoError(t, err)
	return func(resource string) error {
		_, err := client.AcquireToken(t.Context(), resource)
		return err
	}
}
