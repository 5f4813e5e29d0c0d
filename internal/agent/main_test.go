package agent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/agent"
	"github.com/seed-ac726066/aztoken/internal/agentfile"
	"github.com/seed-ac726066/aztoken/internal/lockedbuffer"
	"github.com/seed-ac726066/aztoken/internal/virtualtime"
)

const (
	vault   = "https://vault.azure.net"
	storage = "https://storage.azure.com"

	clientA   = "c0000000-0000-4000-8000-00000000000a"
	objectA   = "0b000000-0000-4000-8000-00000000000a"
	resourceA = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a"
	clientB   = "c0000000-0000-4000-8000-00000000000b"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host is a machine with three identities.
func host() *imdstest.Options {
	return &imdstest.Options{Identities: []imdstest.Identity{
		{SystemAssigned: true},
		{ClientID: clientA, ObjectID: objectA, ResourceID: resourceA},
		{ClientID: clientB},
	}}
}

// fixture is an agent in front of a fake host, without a socket.
type fixture struct {
	*agent.Agent
	upstream *imdstest.Server
	set      *metrics.Set
	log      *lockedbuffer.Buffer // its clients write from goroutines of their own
}

// forgetLog empties the log, which had no token.
func (f *fixture) forgetLog(t *testing.T) {
	t.Helper()
	require.NotContains(t, f.log.String(), "eyJ")
	f.log.Reset()
}

// start returns an agent, which the end of the test closes. It must have told nobody a token but
// callers.
func start(t *testing.T, upstream *imdstest.Server, c agentfile.Config) *fixture {
	t.Helper()
	f := &fixture{upstream: upstream, set: metrics.NewSet(), log: new(lockedbuffer.Buffer)}
	checked, err := c.Check()
	require.NoError(t, err)
	f.Agent, err = agent.New(checked, agent.Options{
		Client:  aztoken.Options{ClientOptions: clientOptions(upstream), Getenv: func(string) string { return "" }},
		Address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 16930},
		Metrics: f.set, Logger: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		f.Close()
		require.NotContains(t, f.log.String(), "eyJ")
		require.NotContains(t, f.metrics(), "eyJ")
		for _, env := range f.Environments() {
			require.NotContains(t, f.log.String(), env["IDENTITY_HEADER"])
			require.NotContains(t, f.metrics(), env["IDENTITY_HEADER"])
		}
	})
	return f
}

func (f *fixture) metrics() string {
	var b bytes.Buffer
	f.set.WritePrometheus(&b)
	return b.String()
}

// one is the configuration of one identity.
func one(id agentfile.Identity) agentfile.Config {
	return agentfile.Config{Identities: []agentfile.Identity{id}}
}

// virtually runs a test in virtual time.
var virtually = virtualtime.Test

// appService returns a request as SDKs send it to App Service; pairs are further parameters.
func (f *fixture) appService(name, resource string, pairs ...string) *http.Request {
	query := url.Values{"api-version": {"2019-08-01"}, "resource": {resource}}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodGet, "/msi/token?"+query.Encode(), nil)
	r.Header.Set("X-IDENTITY-HEADER", f.Environments()[name]["IDENTITY_HEADER"])
	return r
}

func imdsRequest(resource string, pairs ...string) *http.Request {
	query := url.Values{"api-version": {"2018-02-01"}, "resource": {resource}}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodGet, "/metadata/identity/oauth2/token?"+query.Encode(), nil)
	r.Header.Set("Metadata", "true")
	return r
}

// reply is an answer, read as SDKs read it.
type reply struct {
	status  int
	header  http.Header
	members map[string]any
}

func (f *fixture) ask(t *testing.T, r *http.Request) reply {
	t.Helper()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	got := reply{status: w.Code, header: w.Header()}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got.members), "every answer is JSON: %d %q", w.Code, w.Body)
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.Empty(t, slicesOf(w.Header(), "Access-Control-"))
	return got
}

func slicesOf(h http.Header, prefix string) (names []string) {
	for name := range maps.Keys(h) {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// token returns the token of an answer.
func (r reply) token(t *testing.T) string {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, r.members)
	return r.members["access_token"].(string)
}

// text returns what an error says, in either form.
func (r reply) text() string {
	for _, name := range []string{"error_description", "message"} {
		if s, ok := r.members[name].(string); ok {
			return s
		}
	}
	return ""
}

// holder returns the client id of the identity that a token is for.
func (f *fixture) holder(t *testing.T, token string) string {
	t.Helper()
	claims, err := f.upstream.Claims(token)
	require.NoError(t, err)
	return claims["appid"].(string)
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
